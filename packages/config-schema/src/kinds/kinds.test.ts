import { describe, expect, it } from 'vitest'
import { ipv4Address, ipv6Address } from './address.ts'
import { duration } from './duration.ts'
import { InvalidValue, type Kind } from './kind.ts'
import { fieldQuery, labelQuery } from './label-query.ts'
import { filledList, list } from './list.ts'
import { integer, listenPort, port } from './number.ts'
import { oneOf } from './one-of.ts'
import { absolutePath, bystanderName, networkConfigName, networkListName } from './path.ts'
import { scopedLevels } from './scoped-levels.ts'
import { enablementSelectors } from './selectors.ts'
import { hostName, labelKey, labelValue, namespaceName, objectName, text } from './text.ts'

const accepted: readonly [string, Kind<unknown>, string, unknown][] = [
  ['text', text, 'two\nlines', 'two\nlines'],
  ['port', port, ' 8000 ', 8000],
  ['listenPort', listenPort, '0', 0],
  ['integer', integer(-1, 5), '-1', -1],
  ['duration', duration, '1m30s', 90_000],
  ['duration', duration, '1.5s', 1500],
  ['duration', duration, '300ms', 300],
  ['duration', duration, '0', 0],
  ['oneOf', oneOf('auto', 'on'), 'AUTO', 'auto'],
  ['absolutePath', absolutePath, '//a//b/', '/a/b'],
  ['absolutePath', absolutePath, '/', '/'],
  ['absolutePath', absolutePath, '/a/..b', '/a/..b'],
  ['networkConfigName', networkConfigName, '10-calico.conflist', '10-calico.conflist'],
  ['networkListName', networkListName, '00-own.conflist', '00-own.conflist'],
  ['bystanderName', bystanderName, 'ZZZ-istio-cni-kubeconfig', 'ZZZ-istio-cni-kubeconfig'],
  ['list', list(namespaceName), ' a, b,,a ', ['a', 'b']],
  ['list', list(namespaceName), '', []],
  ['ipv4Address', ipv4Address, '169.254.9.9', '169.254.9.9'],
  ['ipv6Address', ipv6Address, 'FD99::9', 'fd99::9'],
  ['hostName', hostName, 'fd00::1', 'fd00::1'],
  ['hostName', hostName, 'kubernetes.default.svc', 'kubernetes.default.svc'],
  ['objectName', objectName, 'ip-10-0-0-1.eu.internal', 'ip-10-0-0-1.eu.internal'],
  ['labelKey', labelKey, 'cni.istio.io/uninitialized', 'cni.istio.io/uninitialized'],
  ['labelValue', labelValue, '', ''],
  ['scopedLevels', scopedLevels, 'debug', { default: 'debug' }],
  ['scopedLevels', scopedLevels, 'default:INFO, cni-agent:debug', { default: 'info', 'cni-agent': 'debug' }],
  [
    'labelQuery',
    labelQuery,
    'app=web, tier!=test,env in (a, b),!old',
    'app=web,tier!=test,env in (a, b),!old',
  ],
  ['labelQuery', labelQuery, '', ''],
  ['fieldQuery', fieldQuery, 'metadata.namespace!=test', 'metadata.namespace!=test'],
  [
    'enablementSelectors',
    enablementSelectors,
    '- podSelector: {matchLabels: {a: b}}',
    [{ podSelector: { matchLabels: { a: 'b' } }, namespaceSelector: {} }],
  ],
  ['enablementSelectors', enablementSelectors, '[]', []],
]

const refused: readonly [string, Kind<unknown>, string][] = [
  ['text', text, 'bell\u0007'],
  ['port', port, '0'],
  ['port', port, '65536'],
  ['port', port, '80.5'],
  ['port', port, '1e3'],
  ['integer', integer(0, 255), '256'],
  ['duration', duration, '5'],
  ['duration', duration, '5 s'],
  ['duration', duration, '25h'],
  ['duration', duration, '-1s'],
  ['oneOf', oneOf('auto', 'on'), 'atuo'],
  ['absolutePath', absolutePath, 'etc/cni'],
  ['absolutePath', absolutePath, '/a/../b'],
  ['absolutePath', absolutePath, '/a\0b'],
  ['absolutePath', absolutePath, `/${'a'.repeat(5000)}`],
  ['networkConfigName', networkConfigName, '../10-calico.conflist'],
  ['networkConfigName', networkConfigName, '10-calico'],
  ['networkListName', networkListName, '02-istio-cni.conf'],
  ['bystanderName', bystanderName, 'kubeconfig.conf'],
  ['bystanderName', bystanderName, '..'],
  ['list', list(namespaceName), 'a,B'],
  ['filledList', filledList(absolutePath), ' , '],
  ['ipv4Address', ipv4Address, 'fd00::1'],
  ['ipv4Address', ipv4Address, '169.254.7'],
  ['ipv6Address', ipv6Address, 'fe80::1%eth0'],
  ['hostName', hostName, '[fd00::1]'],
  ['hostName', hostName, 'https://api'],
  ['labelKey', labelKey, 'a/b/c'],
  ['labelValue', labelValue, 'a b'],
  ['scopedLevels', scopedLevels, 'verbose'],
  ['scopedLevels', scopedLevels, 'a:b:info'],
  ['labelQuery', labelQuery, 'app=web tier=test'],
  ['labelQuery', labelQuery, 'app in ()x'],
  ['fieldQuery', fieldQuery, 'metadata.namespace'],
  ['enablementSelectors', enablementSelectors, '- podSelector: {matchExpressions: [{key: a, operator: Is}]}'],
  ['enablementSelectors', enablementSelectors, 'a: [b\nc:'],
  ['enablementSelectors', enablementSelectors, 'podSelector: {}'],
  ['enablementSelectors', enablementSelectors, '- &a {podSelector: {}}\n- *a'],
]

describe('kinds', () => {
  it.each(accepted)('%s takes %3$j', (_name, kind, given, value) => {
    expect(kind.parse(given)).toEqual(value)
  })

  it.each(refused)('%s refuses %3$j with an expectation', (_name, kind, given) => {
    expect(() => kind.parse(given)).toThrow(InvalidValue)
  })

  it('suggest what was probably meant', () => {
    expect(() => oneOf('debug', 'info').parse('debgu')).toThrow(
      expect.objectContaining({ suggestion: 'debug' }),
    )
    expect(() => duration.parse('5')).toThrow(expect.objectContaining({ suggestion: '5s' }))
    expect(() => scopedLevels.parse('cni-agent:warning')).toThrow(
      expect.objectContaining({ suggestion: 'warn' }),
    )
  })

  it('name the place in a selector that is wrong', () => {
    expect(() => enablementSelectors.parse('- {}\n- podSelector: {matchLabels: {a: true}}')).toThrow(
      expect.objectContaining({
        message: 'a label value (text) at [1].podSelector.matchLabels.a',
        suggestion: '"true"',
      }),
    )
  })

  it('say at which line YAML ends to be YAML', () => {
    expect(() => enablementSelectors.parse('- podSelector:\n    matchLabels: {a: b')).toThrow(/at line 2/)
  })
})
