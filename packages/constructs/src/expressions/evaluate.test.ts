import { defaultValues, type Values } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import {
  all,
  any,
  appVersion,
  asText,
  asYaml,
  chartVersion,
  comment,
  contains,
  digest,
  each,
  entries,
  equals,
  evaluate,
  firstOf,
  isOneOf,
  join,
  labelValue,
  matches,
  named,
  not,
  overlay,
  releaseNamespace,
  spread,
  type TemplateContext,
  text,
  value,
  when,
  withoutEmpty,
} from './index.ts'

const contextWith = (changes: Partial<Values>): TemplateContext => ({
  values: { ...defaultValues, ...changes },
  release: { name: 'istio-cni', namespace: 'istio-system', service: 'Helm' },
  chart: { name: 'cni', version: '1.30.3+2', appVersion: '1.30.3' },
})
const context = contextWith({})

describe('evaluate', () => {
  it('puts values, release and chart in place', () => {
    expect(
      evaluate({ a: value('ambient.enabled'), b: releaseNamespace, c: [appVersion], d: 1 }, context),
    ).toEqual({ a: false, b: 'istio-system', c: ['1.30.3'], d: 1 })
  })

  it('leaves keys and items out whose condition does not hold', () => {
    const template = {
      hostNetwork: when(value('hostNetwork'), true),
      list: ['a', when(value('ambient.enabled'), 'b'), when(value('ambient.enabled'), 'c', 'd')],
      gone: when(value('ambient.enabled'), 'x'),
    }
    expect(evaluate(template, context)).toEqual({ hostNetwork: true, list: ['a', 'd'] })
  })

  it('leaves out a list or map of which nothing is left, but not one that was empty from the start', () => {
    const never = value('ambient.enabled')
    expect(
      evaluate({ list: [when(never, 1)], map: { a: when(never, 1) }, emptyDir: {}, items: [] }, context),
    ).toEqual({ emptyDir: {}, items: [] })
  })

  it('takes for empty what Helm does', () => {
    const isEmpty = (changes: Partial<Values>, path: 'hub' | 'healthPort' | 'affinity' | 'tolerations') =>
      evaluate(not(value(path)), contextWith(changes))
    expect(isEmpty({}, 'hub')).toBe(true)
    expect(isEmpty({ hub: 'x' }, 'hub')).toBe(false)
    expect(isEmpty({ healthPort: 0 }, 'healthPort')).toBe(true)
    expect(isEmpty({ affinity: {} }, 'affinity')).toBe(true)
    expect(isEmpty({ tolerations: [] }, 'tolerations')).toBe(true)
    expect(isEmpty({}, 'tolerations')).toBe(false)
  })

  it('takes the first that is not empty, or the last', () => {
    expect(evaluate(firstOf(value('hub'), value('global.hub'), 'dhi.io'), context)).toBe('dhi.io')
    expect(evaluate(firstOf(value('hub'), value('global.hub')), context)).toBe('')
  })

  it('decides', () => {
    const holds = [
      all(value('hostNetwork'), not(value('ambient.enabled'))),
      any(value('ambient.enabled'), value('hostNetwork')),
      equals(value('provider'), 'default'),
      isOneOf(value('global.resourceScope'), ['all', 'cluster']),
      matches(value('cniBinDir'), '^/opt'),
      contains(value('cniBinDir'), '/cni/'),
    ]
    for (const condition of holds) expect(evaluate(condition, context)).toBe(true)
    expect(evaluate(all(value('hostNetwork'), value('hub')), context)).toBe(false)
  })

  it('makes texts', () => {
    expect(evaluate(text`${appVersion}:${value('healthPort')}-${value('hostNetwork')}`, context)).toBe(
      '1.30.3:8000-true',
    )
    expect(evaluate(asText(value('resourceQuotas.pods')), context)).toBe('5000')
    expect(
      evaluate(join(value('excludeNamespaces'), ','), contextWith({ excludeNamespaces: ['a', 'b'] })),
    ).toBe('a,b')
    expect(evaluate(labelValue(text`cni-${chartVersion}`), context)).toBe('cni-1.30.3_2')
    // echo -n '[true,"1.30.3"]' | sha256sum
    expect(evaluate(digest([value('chained'), appVersion]), context)).toBe(
      '27e8267769687cbd8bd37d0ef57ebfbc1ca26084ddbd7a9f59ece13a740579e2',
    )
    expect(evaluate(asYaml(value('resources')), context)).toBe('requests:\n  cpu: 100m\n  memory: 100Mi')
  })

  it('makes items of lists and maps', () => {
    const template = {
      secrets: [each(value('imagePullSecrets'), (name) => ({ name }))],
      env: [{ name: 'X' }, entries(value('env'), (name, given) => ({ name, value: asText(given) }))],
      tolerations: [spread(value('tolerations'))],
    }
    const given = contextWith({ imagePullSecrets: ['b', 'a'], env: { B: 1, A: 'x' }, tolerations: [] })
    expect(evaluate(template, given)).toEqual({
      secrets: [{ name: 'b' }, { name: 'a' }],
      env: [{ name: 'X' }, { name: 'A', value: 'x' }, { name: 'B', value: '1' }],
    })
  })

  it('lets the keys of the user win, but for the fixed ones', () => {
    const template = overlay(
      { 'k8s-app': 'istio-cni-node', app: 'istio-cni', gone: when(value('hub'), 'x') },
      value('podLabels'),
      { fixed: ['k8s-app'] },
    )
    const given = contextWith({ podLabels: { 'k8s-app': 'mine', app: 'mine', tier: '' } })
    expect(evaluate(template, given)).toEqual({ 'k8s-app': 'istio-cni-node', app: 'mine', tier: '' })
    expect(evaluate(overlay({}, value('env'), { asText: true }), contextWith({ env: { A: true } }))).toEqual({
      A: 'true',
    })
  })

  it('drops what is empty, at any depth', () => {
    const given = contextWith({ resources: { limits: { cpu: '' }, requests: { cpu: '1', memory: '' } } })
    expect(evaluate(withoutEmpty(value('resources')), given)).toEqual({ requests: { cpu: '1' } })
    expect(evaluate(withoutEmpty(value('resources')), contextWith({ resources: {} }))).toEqual({})
  })

  it('says nothing of comments and names', () => {
    expect(evaluate({ a: comment('why', named('hub', firstOf(value('hub'), 'x'))) }, context)).toEqual({
      a: 'x',
    })
  })

  it('keeps the templates plain data', () => {
    const template = { a: [each(value('imagePullSecrets'), (name) => ({ name }))], b: text`x${appVersion}` }
    expect(JSON.parse(JSON.stringify(template))).toEqual(template)
  })
})
