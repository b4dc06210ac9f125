import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { yamlText } from './yaml-text.ts'

// Expectations are what Helm's toYaml printed for the same values.
describe('yamlText', () => {
  it('prints lists in the column of their key, and keys sorted', () => {
    const selectors = [
      { podSelector: { matchLabels: { 'istio.io/dataplane-mode': 'ambient' } } },
      {
        podSelector: {
          matchExpressions: [{ key: 'istio.io/dataplane-mode', operator: 'NotIn', values: ['none'] }],
        },
        namespaceSelector: { matchLabels: { 'istio.io/dataplane-mode': 'ambient' } },
      },
    ]
    expect(yamlText(selectors)).toBe(`\
- podSelector:
    matchLabels:
      istio.io/dataplane-mode: ambient
- namespaceSelector:
    matchLabels:
      istio.io/dataplane-mode: ambient
  podSelector:
    matchExpressions:
    - key: istio.io/dataplane-mode
      operator: NotIn
      values:
      - none`)
  })

  it('quotes what YAML 1.1 would read as something else', () => {
    const quoted = [
      'true',
      'yes',
      'Off',
      'y',
      'null',
      '~',
      '',
      '1',
      '1_000',
      '0x1F',
      '1e3',
      '.5',
      '12:30',
      '2001-1-1',
    ]
    for (const text of quoted) expect(yamlText(text)).toBe(JSON.stringify(text))
    for (const text of ['nan', 'yEs', '_1', '1.2.3', '1:60', '2001-02-30', '0b12', '-a', 'v1'])
      expect(yamlText(text)).toBe(text)
    for (const text of ['a:', 'a: b', ' a', '- a', '...a', '*', "'"])
      expect(yamlText(text)).toBe(`'${text.replaceAll("'", "''")}'`)
  })

  it('prints what is empty on the line of its key', () => {
    expect(yamlText({ b: [], a: {}, c: [[]] })).toBe('a: {}\nb: []\nc:\n- []')
    expect(yamlText([])).toBe('[]')
  })

  it('sorts keys as Go does: letters last, numbers by what they count', () => {
    const keys = ['a10', 'a2', 'a-1', 'B', '10', '9', 'a', 'aa']
    const map = Object.fromEntries(keys.map((key) => [key, 0]))
    expect([...yamlText(map).matchAll(/^"?([^":]+)/gm)].map((match) => match[1])).toEqual([
      '9',
      '10',
      'B',
      'a',
      'a-1',
      'a2',
      'a10',
      'aa',
    ])
  })

  it('means what it was given', () => {
    const scalar = fc.oneof(
      fc.stringMatching(/^[-A-Za-z0-9_./:#'"{}[\]&*! ]{0,9}$/),
      fc.integer(),
      fc.boolean(),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        scalar,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[A-Za-z0-9./-]{1,5}$/), tie('value'), { maxKeys: 3 }),
      ),
    }))
    fc.assert(
      fc.property(value, (given) => {
        expect(parse(yamlText(given))).toEqual(given)
      }),
    )
  })
})
