import { describe, expect, it } from 'vitest'
import { escaped, quoted } from './quoted.ts'

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

describe('escaped', () => {
  it('leaves what prints as itself, and writes the rest as numbers', () => {
    expect(escaped('größe "1" 🚀')).toBe('größe "1" 🚀')
    expect(escaped('a\n\u001b[31mb\u009b')).toBe('a\\u{a}\\u{1b}[31mb\\u{9b}')
  })
})
