import { type Cidr, parseCidr } from './cidr.ts'

/** Port numbers 0–65535 in the order given, or every port (`*`). */
export type Ports = 'all' | readonly number[]

/** What an annotation value was parsed to, or what was expected instead. */
export type Parsed<T> = Readonly<{ value: T }> | Readonly<{ expected: string }>

/** Longest list of an annotation; keeps the programs made from it small. */
const longestList = 1024
const mostInterfaces = 32

/** `*` or port numbers; spaces around numbers are allowed, an empty value means no port. */
export function parsePorts(text: string): Parsed<Ports> {
  if (text === '*') return { value: 'all' }
  const expected = `"*" or up to ${longestList} port numbers from 0 to 65535, separated by commas, without ranges or names`
  if (text.trim() === '') return { value: [] }
  return parseList(text, longestList, expected, (item) => {
    const port = /^\d{1,10}$/.test(item.trim()) ? Number(item) : Number.NaN
    return port <= 65535 ? port : undefined
  })
}

/** CIDR ranges of both families; an empty value means none. */
export function parseRanges(text: string): Parsed<readonly Cidr[]> {
  const expected = `up to ${longestList} CIDR ranges such as 10.0.0.0/8 or fd00::/8, separated by commas without spaces`
  return parseList(text, longestList, expected, parseCidr)
}

/** As {@link parseRanges}, or `*` for every address. */
export function parseRangesOrAll(text: string): Parsed<'all' | readonly Cidr[]> {
  if (text === '*') return { value: 'all' }
  const parsed = parseRanges(text)
  return 'value' in parsed ? parsed : { expected: `"*" or ${parsed.expected}` }
}

/** Interface names as Linux and Istio both allow them; spaces around them are allowed, an empty value means none. */
export function parseInterfaces(text: string): Parsed<readonly string[]> {
  const expected = `up to ${mostInterfaces} interface names of at most 15 letters, digits, "_", "." or "-", beginning with a letter, separated by commas`
  return parseList(text, mostInterfaces, expected, (item) =>
    /^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/.test(item.trim()) ? item.trim() : undefined,
  )
}

function parseList<T>(
  text: string,
  longest: number,
  expected: string,
  parse: (item: string) => T | undefined,
): Parsed<readonly T[]> {
  if (text === '') return { value: [] }
  const items = text.split(',', longest + 1)
  if (items.length > longest) return { expected }
  const value: T[] = []
  for (const item of items) {
    const parsed = parse(item)
    if (parsed === undefined) return { expected }
    value.push(parsed)
  }
  return { value }
}
