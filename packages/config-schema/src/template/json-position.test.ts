import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonErrorPosition } from './json-position.ts'

describe('jsonErrorPosition', () => {
  it.each([
    ['', 'line 1, column 1'],
    ['{', 'line 1, column 2'],
    ['{"a" 1}', 'line 1, column 6'],
    ['{"a": 1,}', 'line 1, column 9'],
    ['[1,\n 2\n 3]', 'line 3, column 2'],
    ['[1}', 'line 1, column 3'],
    ['{"a": nul}', 'line 1, column 7'],
    ['{"a": "b\n"}', 'line 1, column 7'],
    ['{"a": 01}', 'line 1, column 8'],
    ['{} {}', 'line 1, column 4'],
    ["{'a': 1}", 'line 1, column 2'],
  ])('finds where %j stops being JSON', (text, position) => {
    expect(jsonErrorPosition(text)).toBe(position)
  })

  it('finds a character that JSON never has, wherever it stands outside of strings', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (json, seed) => {
        const lines = JSON.stringify([json], null, 1).split('\n')
        const line = seed % lines.length
        lines[line] = `;${lines[line]}`
        expect(jsonErrorPosition(lines.join('\n'))).toBe(`line ${line + 1}, column 1`)
      }),
    )
  })
})
