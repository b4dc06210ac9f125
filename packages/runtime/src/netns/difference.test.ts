import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { differences } from './difference.ts'

describe('the differences of two listings', () => {
  it('name the missing and the unexpected lines in order', () => {
    expect(differences('nft', ['a', 'b', 'c'], ['a', 'x', 'c', 'd'])).toEqual([
      { where: 'nft', kind: 'missing', line: 'b' },
      { where: 'nft', kind: 'unexpected', line: 'x' },
      { where: 'nft', kind: 'unexpected', line: 'd' },
    ])
  })

  it('name a line that moved twice, for order decides', () => {
    expect(differences('iptables', ['a', 'b'], ['b', 'a'])).toHaveLength(2)
  })

  it('are none exactly when the listings are equal, and account for every line', () => {
    const listing = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 })
    fc.assert(
      fc.property(listing, listing, (expected, actual) => {
        const found = differences('nft', expected, actual)
        expect(found.length === 0).toBe(expected.join() === actual.join())
        const count = (kind: string) => found.filter((difference) => difference.kind === kind).length
        expect(expected.length - count('missing')).toBe(actual.length - count('unexpected'))
      }),
    )
  })

  it('say only that very long listings differ', () => {
    const long = Array.from({ length: 5000 }, (_, index) => `rule ${index}`)
    expect(differences('nft', long, long)).toEqual([])
    expect(differences('nft', long, [])).toHaveLength(2)
  })
})
