import {
  DEFAULT_ENABLEMENT_SELECTORS,
  type LabelRequirement,
  type SelectorOperator,
} from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { isEnabledBy } from './enablement.ts'

const ambient = { 'istio.io/dataplane-mode': 'ambient' }
const none = { 'istio.io/dataplane-mode': 'none' }

describe('the enablement selectors', () => {
  it.each([
    ['neither is labelled', {}, {}, false],
    ['the pod is labelled', ambient, {}, true],
    ['the namespace is labelled', {}, ambient, true],
    ['the pod opts out of its namespace', none, ambient, false],
    ['the pod opts in although its namespace does not', ambient, none, true],
  ])('of a default installation, when %s', (_, pod, namespace, enabled) => {
    expect(isEnabledBy(DEFAULT_ENABLEMENT_SELECTORS, pod, namespace)).toBe(enabled)
  })

  it.each<[SelectorOperator, string[] | undefined, boolean, boolean, boolean]>([
    ['In', ['a', 'b'], true, false, false],
    ['NotIn', ['a', 'b'], false, true, true],
    ['Exists', undefined, true, true, false],
    ['DoesNotExist', undefined, false, false, true],
  ])('with %s, of label a, of another and of none', (operator, values, a, other, absent) => {
    const requirement: LabelRequirement = { key: 'k', operator, ...(values && { values }) }
    const selectors = [{ podSelector: { matchExpressions: [requirement] }, namespaceSelector: {} }]
    const of = (labels: Record<string, string>) => isEnabledBy(selectors, labels, {})
    expect([of({ k: 'a' }), of({ k: 'c' }), of({})]).toEqual([a, other, absent])
  })

  it('select everything when they are empty, nothing when there are none', () => {
    expect(isEnabledBy([{ podSelector: {}, namespaceSelector: {} }], {}, {})).toBe(true)
    expect(isEnabledBy([], ambient, ambient)).toBe(false)
  })
})
