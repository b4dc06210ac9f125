import { describe, expect, it } from 'vitest'
import { goJson } from './go-json.ts'

describe('goJson', () => {
  it('sorts keys by their bytes, also those that JavaScript takes for numbers', () => {
    expect(goJson({ b: 1, 2: [], 10: { z: null, a: true } })).toBe('{"10":{"a":true,"z":null},"2":[],"b":1}')
  })

  it('escapes what HTML could take for its own, and leaves out what is undefined', () => {
    expect(goJson([{ a: '<&>\u2028', b: undefined }, 'ä"'])).toBe(
      String.raw`[{"a":"\u003c\u0026\u003e\u2028"},"ä\""]`,
    )
  })
})
