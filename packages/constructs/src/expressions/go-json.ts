import { sortedKeys } from './scalar-text.ts'

/** What Go's encoder writes, which is behind Helm's `toJson`: keys sorted, and nothing that HTML could take for its own. */
export const goJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`
  if (typeof value === 'object' && value !== null) return `{${members(value).join(',')}}`
  return escaped(JSON.stringify(value) ?? 'null')
}

const members = (map: object): string[] =>
  sortedKeys(map).flatMap((key) => {
    const value = (map as Record<string, unknown>)[key]
    return value === undefined ? [] : [`${escaped(JSON.stringify(key))}:${goJson(value)}`]
  })

const escaped = (json: string): string =>
  json.replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
