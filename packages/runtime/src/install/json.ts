declare global {
  // ECMAScript 2026 "JSON.parse source text access"; the compiler's library does not list it yet.
  interface JSON {
    rawJSON?(text: string): RawNumber
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown,
    ): unknown
  }
}

/** A number as it was written: 12345678901234567890 and 1.0 stay what they are. */
interface RawNumber {
  readonly rawJSON: string
}
export type Json = null | boolean | string | number | RawNumber | Json[] | JsonDocument
export interface JsonDocument {
  [key: string]: Json
}

/**
 * Parses JSON so that `printJson` gives every value back as it was. The plugin's engine, which lacks the means, rounds
 * numbers; it prints none. Throws SyntaxError or RangeError.
 */
export function parseJson(text: string): Json {
  return JSON.parse(text, (_key, value, context) =>
    typeof value === 'number' && context?.source !== undefined
      ? (JSON.rawJSON?.(context.source) ?? value)
      : value,
  ) as Json
}

/** Prints with the given indentation and a line break at the end. */
export function printJson(value: Json, indentation: string): string {
  return `${JSON.stringify(value, null, indentation)}\n`
}

/** The indentation of the first indented line, two spaces if the text has none. */
export function indentationOf(text: string): string {
  return /^[{[]\s*?\n([ \t]+)\S/.exec(text.trimStart())?.[1]?.slice(0, 10) ?? '  '
}

export function isDocument(value: Json | undefined): value is JsonDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
}

/** Equal as data: order of keys and spelling of numbers do not matter. */
export function equalJson(left: Json, right: Json): boolean {
  const a = numberText(left)
  const b = numberText(right)
  if (a !== undefined || b !== undefined) return a !== undefined && b !== undefined && sameNumber(a, b)
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, at) => equalJson(item, right[at] as Json))
    )
  }
  if (!isDocument(left) || !isDocument(right)) return left === right
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key] as Json, right[key] as Json))
  )
}

function isRawNumber(value: Json | undefined): value is RawNumber {
  // A parsed document never has a null prototype; raw numbers always do.
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
}

function numberText(value: Json): string | undefined {
  if (typeof value === 'number') return String(value)
  return isRawNumber(value) ? value.rawJSON : undefined
}

function sameNumber(left: string, right: string): boolean {
  if (left === right) return true
  const [a, b] = [Number(left), Number(right)]
  // Beyond 2^53 two texts may round to one number although they differ.
  return (
    a === b && (Math.abs(a) <= Number.MAX_SAFE_INTEGER || !/^-?\d+$/.test(left) || !/^-?\d+$/.test(right))
  )
}
