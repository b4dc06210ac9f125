import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_ENABLEMENT_SELECTORS, parseSelectors, SelectorError } from './selector.ts'

const expression = (requirement: unknown): unknown => [{ podSelector: { matchExpressions: [requirement] } }]

describe('parseSelectors', () => {
  it('reads what it has written', () => {
    expect(parseSelectors(DEFAULT_ENABLEMENT_SELECTORS)).toEqual(DEFAULT_ENABLEMENT_SELECTORS)
  })

  it('fills in the half that is absent or null', () => {
    expect(parseSelectors([{}, { podSelector: null }])).toEqual([
      { podSelector: {}, namespaceSelector: {} },
      { podSelector: {}, namespaceSelector: {} },
    ])
  })

  it.each([
    [{}, '', 'a list'],
    [[1], '[0]', 'an object'],
    [[{ podSelecter: {} }], '[0].podSelecter', 'only the keys podSelector, namespaceSelector'],
    [[{ podSelector: { matchLabels: { 'a b': '' } } }], '[0].podSelector.matchLabels', 'a label key'],
    [[{ podSelector: { matchLabels: { a: 1 } } }], '[0].podSelector.matchLabels.a', 'a label value'],
    [
      expression({ key: 'a', operator: 'In' }),
      '[0].podSelector.matchExpressions[0].values',
      'at least one value',
    ],
    [
      expression({ key: 'a', operator: 'Exists', values: ['b'] }),
      '[0].podSelector.matchExpressions[0].values',
      'no values with operator Exists',
    ],
    [expression({ operator: 'Exists' }), '[0].podSelector.matchExpressions[0].key', 'a label key'],
  ])('refuses %j', (given, path, expectation) => {
    expect(() => parseSelectors(given)).toThrow(
      expect.objectContaining({ path, expectation: expect.stringContaining(expectation) }),
    )
  })

  it('throws nothing but SelectorError for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        try {
          parseSelectors([{ podSelector: json }])
        } catch (error) {
          expect(error).toBeInstanceOf(SelectorError)
        }
      }),
    )
  })
})
