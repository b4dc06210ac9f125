import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonError, parseJson, spanOf } from './json.ts'

describe('parseJson', () => {
  it('refuses nesting that would overflow the stack of the engine', () => {
    expect(() => parseJson(`${'['.repeat(257)}${']'.repeat(257)}`)).toThrow(JsonError)
    expect(() => parseJson(`${'{"a":'.repeat(100_000)}`)).toThrow(JsonError)
  })

  it('does not count brackets in texts', () => {
    expect(parseJson(JSON.stringify(['[{"'.repeat(1000), '\\', '"']))).toHaveLength(3)
  })
})

describe('spanOf', () => {
  it('finds every value of any object, as it stands there', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(undefined, 1, '\t'),
        (object, indent) => {
          const text = JSON.stringify(object, undefined, indent)
          for (const [key, value] of Object.entries(object)) {
            const span = spanOf(text, key)
            expect(span && JSON.parse(text.slice(span.start, span.end))).toEqual(
              JSON.parse(JSON.stringify(value)),
            )
          }
        },
      ),
    )
  })

  it('takes the last of repeated keys, and keys in any spelling', () => {
    const text = '{"a":{"b":0},"\\u0062":1 ,"b" : [2, 3] }'
    const span = spanOf(text, 'b')
    expect(span && text.slice(span.start, span.end)).toBe('[2, 3]')
    expect(spanOf('{"\\u0062":1}', 'b')).toEqual({ start: 10, end: 11 })
    expect(spanOf(text, 'c')).toBeUndefined()
  })
})
