/**
 * YAML in block style as Go's encoder writes it, which is behind Helm's `toYaml`: without a line break at the end. The text
 * itself is a value here (the agent reads it), so it has to be the same, not just to mean the same.
 * @see https://github.com/yaml/go-yaml (branch v2)
 */
export const yamlText = (value: unknown): string => linesOf(value).join('\n')

/** A value's lines: one for a scalar, and for what is empty. */
const linesOf = (value: unknown): string[] => {
  if (Array.isArray(value) && value.length > 0)
    return value.flatMap((item) => linesOf(item).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`))
  if (!isMap(value)) return [scalar(value)]
  return Object.keys(value)
    .sort(byKey)
    .flatMap((key) => entry(scalar(key), value[key]))
}

const entry = (key: string, value: unknown): string[] => {
  const lines = linesOf(value)
  if (isMap(value)) return [`${key}:`, ...lines.map((line) => `  ${line}`)]
  // A list stands in the column of its key.
  if (Array.isArray(value) && value.length > 0) return [`${key}:`, ...lines]
  return [`${key}: ${lines.join('\n')}`]
}

/** A map with something in it. */
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0

const scalar = (value: unknown): string => {
  if (Array.isArray(value)) return '[]'
  if (typeof value === 'object' && value !== null) return '{}'
  return typeof value === 'string' ? text(value) : JSON.stringify(value)
}

/** What Go's decoder would not read as text. */
const isMisread = (value: string): boolean =>
  /^(|~|null|Null|NULL)$/.test(value) ||
  /^(y|Y|n|N|(yes|no|on|off|true|false)|(Yes|No|On|Off|True|False)|(YES|NO|ON|OFF|TRUE|FALSE))$/.test(
    value,
  ) ||
  /^[-+]?(\.inf|\.Inf|\.INF)$|^(\.nan|\.NaN|\.NAN)$/.test(value) ||
  isNumber(/^[-+0-9]/.test(value) ? value.replaceAll('_', '') : value) ||
  /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/.test(value) ||
  isTime(value)

const isNumber = (value: string): boolean =>
  /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(value) ||
  /^[-+]?(0[bB][01]+|0[xX][0-9a-fA-F]+|0[oO][0-7]+)$/.test(value)

const isTime = (value: string): boolean => {
  const match =
    /^(\d{4})-(\d{1,2})-(\d{1,2})([Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?(Z|[-+]\d\d:\d\d)?)?$/.exec(value)
  if (match === null) return false
  const [year = 0, month = 0, day = 0] = match.slice(1, 4).map(Number)
  const date = new Date(Date.UTC(2000, month - 1, day))
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

const text = (value: string): string => {
  if (isMisread(value)) return JSON.stringify(value)
  return isPlain(value) ? value : `'${value.replaceAll("'", "''")}'`
}

/** Whether nothing in it means something to YAML. */
const isPlain = (value: string): boolean =>
  (!/^[-?:,[\]{}#&*!|>'"%@`\s]/.test(value) || /^[-?:]\S/.test(value)) &&
  !/: |:$| #|\s$|^---|^\.\.\./.test(value)

/** Letters after everything else, runs of digits by what they count. */
const byKey = (a: string, b: string): number => {
  const [ours, theirs] = [[...a], [...b]]
  const at = ours.findIndex((character, index) => character !== theirs[index])
  const [mine, other] = [ours[at], theirs[at]]
  if (at === -1 || mine === undefined || other === undefined) return ours.length - theirs.length
  const [isLetter, isOtherLetter] = [/\p{L}/u.test(mine), /\p{L}/u.test(other)]
  if (isLetter !== isOtherLetter) return isLetter ? 1 : -1
  if (isLetter) return mine < other ? -1 : 1
  const [digits, otherDigits] = [digitsFrom(ours, at), digitsFrom(theirs, at)]
  const lead = (mine === '0' || other === '0') && /[1-9]/.test(digitsBefore(ours, at)) ? '1' : ''
  const difference = Number(lead + digits) - Number(lead + otherDigits)
  if (difference !== 0) return difference
  return digits.length - otherDigits.length || (mine < other ? -1 : 1)
}

const digitsFrom = (characters: readonly string[], at: number): string =>
  /^\d*/.exec(characters.slice(at).join(''))?.[0] ?? ''

const digitsBefore = (characters: readonly string[], at: number): string =>
  /\d*$/.exec(characters.slice(0, at).join(''))?.[0] ?? ''
