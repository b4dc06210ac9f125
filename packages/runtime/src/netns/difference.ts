/** One line that verification found to be otherwise than it should be. */
export type Difference = Readonly<{
  where: 'nft' | 'iptables' | 'ip6tables' | 'ip rule' | 'ip route' | 'ip address' | 'ip link' | 'ip set'
  /** `missing`: it should be there and is not; `unexpected`: it is there and should not be. */
  kind: 'missing' | 'unexpected'
  line: string
}>

const mostLines = 400

/**
 * The lines that two listings do not have in common, in the order of the listings; a line that moved is both
 * missing and unexpected. Longest common subsequence; a listing beyond 400 lines is compared as a whole.
 */
export function differences(
  where: Difference['where'],
  expected: readonly string[],
  actual: readonly string[],
): Difference[] {
  const missing = (line: string): Difference => ({ where, kind: 'missing', line: line.trim() })
  const unexpected = (line: string): Difference => ({ where, kind: 'unexpected', line: line.trim() })
  if (expected.join('\n') === actual.join('\n')) return []
  if (expected.length > mostLines || actual.length > mostLines) {
    const count = (lines: readonly string[]) => `${lines.length} lines, too many to compare one by one`
    return [missing(count(expected)), unexpected(count(actual))]
  }
  const common = commonLengths(expected, actual)
  const found: Difference[] = []
  let left = 0
  let right = 0
  while (left < expected.length || right < actual.length) {
    const wanted = expected[left]
    const present = actual[right]
    if (wanted !== undefined && wanted === present) {
      left += 1
      right += 1
    } else if (
      wanted !== undefined &&
      (present === undefined || (common[left + 1]?.[right] ?? 0) >= (common[left]?.[right + 1] ?? 0))
    ) {
      found.push(missing(wanted))
      left += 1
    } else if (present !== undefined) {
      found.push(unexpected(present))
      right += 1
    }
  }
  return found
}

/** `lengths[i][j]`: how many lines the rests from `i` and from `j` on have in common. */
function commonLengths(expected: readonly string[], actual: readonly string[]): Uint16Array[] {
  const lengths = Array.from({ length: expected.length + 1 }, () => new Uint16Array(actual.length + 1))
  for (let left = expected.length - 1; left >= 0; left--) {
    const row = lengths[left]
    const below = lengths[left + 1]
    if (row === undefined || below === undefined) continue
    for (let right = actual.length - 1; right >= 0; right--) {
      row[right] =
        expected[left] === actual[right]
          ? (below[right + 1] ?? 0) + 1
          : Math.max(below[right] ?? 0, row[right + 1] ?? 0)
    }
  }
  return lengths
}
