/**
 * Number of letters to insert, delete, replace or swap with their neighbour to make `right` of `left`.
 * @param limit distances above it are not told apart, which saves most of the work.
 */
export function editDistance(left: string, right: string, limit = Number.POSITIVE_INFINITY): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    let smallest = row
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      const replaced = (previous[column - 1] ?? 0) + (same ? 0 : 1)
      let best = Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1)
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (swapped) best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1)
      current.push(best)
      smallest = Math.min(smallest, best)
    }
    if (smallest > limit) return smallest
    beforePrevious = previous
    previous = current
  }
  return previous[right.length] ?? left.length
}

/**
 * The candidate that the given word was probably meant to be.
 * @param within largest distance; by default a third of the word's length.
 */
export function nearest(
  word: string,
  candidates: Iterable<string>,
  within = Math.ceil(word.length / 3),
): string | undefined {
  let best: string | undefined
  let bestDistance = within + 1
  for (const candidate of candidates) {
    if (candidate === '' || Math.abs(candidate.length - word.length) >= bestDistance) continue
    const distance = editDistance(word, candidate, bestDistance - 1)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}
