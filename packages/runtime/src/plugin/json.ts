/** The engine parses recursively without a bound of its own: deeper input would end the process. */
const DEEPEST = 256

/** Text that is no JSON, or nested too deeply. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
  readonly code = 'JSON_INVALID'
}

/** @throws {JsonError} */
export function parseJson(text: string): unknown {
  refuseDepth(text)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new JsonError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** Where the value of a key stands in the text of an object. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * The span of a key's value in the text of an object, so that it can be passed on byte by byte: numbers
 * that do not fit into a double survive. The text must have been parsed. Of a repeated key the last
 * counts, as in JSON.parse.
 */
export function spanOf(objectText: string, key: string): Span | undefined {
  let found: Span | undefined
  let depth = 0
  let name: string | undefined
  let start = 0
  for (let at = 0; at < objectText.length; at++) {
    switch (objectText.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(objectText, at)
        if (depth === 1 && name === undefined) name = JSON.parse(objectText.slice(at, end))
        at = end - 1
        break
      }
      case COLON:
        if (depth === 1) start = at + 1
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
      case COMMA: {
        if (depth === 1) {
          if (name === key) found = trimmed(objectText, start, at)
          name = undefined
        }
        if (objectText.charCodeAt(at) !== COMMA) depth--
      }
    }
  }
  return found
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

function refuseDepth(text: string): void {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at) - 1
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > DEEPEST) throw new JsonError(`nested deeper than ${DEEPEST} levels`)
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--
    }
  }
}

/** Index behind the closing quote; of a string that never ends, behind the text. */
function endOfString(text: string, quote: number): number {
  for (let at = quote + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  return text.length
}

function trimmed(text: string, from: number, to: number): Span {
  let start = from
  let end = to
  while (text.charCodeAt(start) <= 0x20) start++
  while (text.charCodeAt(end - 1) <= 0x20) end--
  return { start, end }
}
