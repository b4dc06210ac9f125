import { describe, expect, it } from 'vitest'
import { quoted } from './quoted.ts'

describe('quoted', () => {
  it.each([
    ['plain', '"plain"'],
    ['a "b"\n', '"a \\"b\\"\\n"'],
    ['\u0085\u007f\u2028\u202e', '"\\u{85}\\u{7f}\\u{2028}\\u{202e}"'],
    ['\ud800', '"\\ud800"'],
    ['größe', '"größe"'],
  ])('writes %j in one line', (value, text) => {
    expect(quoted(value)).toBe(text)
  })

  it('cuts what is too long', () => {
    expect(quoted('x'.repeat(10_000))).toBe(`"${'x'.repeat(128)}…"`)
  })
})
