const BLANKS = /\s*/y
const TOKEN =
  /([{}[\],:])|("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy

/** What the grammar allows next. */
type Wanted = 'colon' | 'end' | 'firstKey' | 'firstValue' | 'key' | 'next' | 'value'
type Bracket = '[' | '{'

/**
 * Where a text stops being JSON, as `line L, column C`. It exists because the engine's own message quotes the
 * text, which may hold credentials. Only meaningful for a text that JSON.parse refuses.
 */
export function jsonErrorPosition(text: string): string {
  const open: Bracket[] = []
  let wanted: Wanted = 'value'
  let position = 0
  for (;;) {
    BLANKS.lastIndex = position
    BLANKS.test(text)
    position = BLANKS.lastIndex
    TOKEN.lastIndex = position
    const token = TOKEN.exec(text)
    const after: Wanted | undefined = token ? follow(wanted, token, open) : undefined
    if (after === undefined) return lineAndColumn(text, position)
    wanted = after
    position = TOKEN.lastIndex
  }
}

/** What may come after a token; undefined when the token itself is out of place. */
function follow(wanted: Wanted, [, mark, string]: RegExpExecArray, open: Bracket[]): Wanted | undefined {
  const inside = open.at(-1)
  if (mark === '}' || mark === ']') {
    const [opening, first] = mark === '}' ? ['{', 'firstKey'] : ['[', 'firstValue']
    if (inside !== opening || (wanted !== 'next' && wanted !== first)) return undefined
    open.pop()
    return open.length > 0 ? 'next' : 'end'
  }
  if (wanted === 'colon') return mark === ':' ? 'value' : undefined
  if (wanted === 'key' || wanted === 'firstKey') return string === undefined ? undefined : 'colon'
  if (wanted === 'next' && mark === ',') return inside === '{' ? 'key' : 'value'
  if (wanted === 'next' || wanted === 'end') return undefined
  if (mark === '{' || mark === '[') {
    open.push(mark)
    return mark === '{' ? 'firstKey' : 'firstValue'
  }
  if (mark !== undefined) return undefined
  return open.length > 0 ? 'next' : 'end'
}

function lineAndColumn(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
}
