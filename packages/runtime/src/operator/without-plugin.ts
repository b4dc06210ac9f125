import { isOurs } from '../install/conflist.ts'
import { equalJson, type Json, type JsonDocument } from '../install/json.ts'
import { parseJson, type Span, spanOf } from '../plugin/json.ts'

/**
 * The text of a list without our plugin's entries, every other byte as it was; undefined unless that means `wanted`.
 */
export function withoutPlugin(text: string, wanted: JsonDocument): string | undefined {
  const list = spanOf(text, 'plugins')
  if (list === undefined) return undefined
  const elements = elementsOf(text, list)
  let kept = ''
  let count = 0
  for (const [at, { start, end }] of elements.entries()) {
    const element = text.slice(start, end)
    if (isOurs(parseJson(element) as Json)) continue
    // What is before an element has its comma, unless it is the first.
    const before = count === 0 ? 0 : at
    kept += text.slice(elements[before - 1]?.end ?? list.start + 1, elements[before]?.start) + element
    count += 1
  }
  const tail = count === 0 ? '' : text.slice(elements.at(-1)?.end ?? list.end, list.end - 1)
  const result = `${text.slice(0, list.start + 1)}${kept}${tail}${text.slice(list.end - 1)}`
  return equalJson(parseJson(result) as Json, wanted) ? result : undefined
}

/** The spans of an array's elements, without the space around them. The text must have been parsed. */
function elementsOf(text: string, { start, end }: Span): Span[] {
  const spans: Span[] = []
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],]|[^\s{}[\],"]+/g
  tokens.lastIndex = start + 1
  let depth = 0
  let from: number | undefined
  let to = start
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    const [sign] = token
    const isEnd = token.index >= end - 1
    if (depth === 0 && (sign === ',' || isEnd)) {
      if (from !== undefined) spans.push({ start: from, end: to })
      from = undefined
      if (isEnd) break
      continue
    }
    from ??= token.index
    if (sign === '{' || sign === '[') depth += 1
    if (sign === '}' || sign === ']') depth -= 1
    to = tokens.lastIndex
  }
  return spans
}
