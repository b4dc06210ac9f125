import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editDistance, nearest } from './nearest.ts'

describe('editDistance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['same', 'same', 0],
    ['debgu', 'debug', 1],
  ])('between %j and %j is %i', (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance)
  })

  it('is the same both ways', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (left, right) => {
        expect(editDistance(left, right)).toBe(editDistance(right, left))
      }),
    )
  })
})

describe('nearest', () => {
  it('gives the closest candidate, or none when all are far', () => {
    expect(nearest('cni-conf-nam', ['cni-net-dir', 'cni-conf-name'])).toBe('cni-conf-name')
    expect(nearest('token', ['cni-net-dir', 'cni-conf-name'])).toBeUndefined()
  })
})
