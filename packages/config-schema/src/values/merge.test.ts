import { describe, expect, it } from 'vitest'
import { overlaid } from './merge.ts'

describe('overlaid', () => {
  it('takes a map that replaces a scalar without what it would take away', () => {
    expect(overlaid({ a: 1 }, { a: { b: null, c: 2 } })).toEqual({ a: { c: 2 } })
  })

  it('takes undefined for absent', () => {
    expect(overlaid({ a: 1 }, { a: undefined })).toEqual({ a: 1 })
  })

  it('takes __proto__ for a key like any other', () => {
    const result = overlaid({}, JSON.parse('{"labels":{"__proto__":{"polluted":"yes"}}}'))
    expect(Object.keys(result.labels as object)).toEqual(['__proto__'])
    expect((result.labels as { polluted?: string }).polluted).toBeUndefined()
  })
})
