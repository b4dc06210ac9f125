import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NetConfError, parsePluginConfig } from './netconf.ts'
import { pluginEntry } from './plugin-entry.ts'
import { DEFAULT_ENABLEMENT_SELECTORS } from './selector.ts'
import { defaultSettings } from './settings/table.ts'

const minimal = { cniVersion: '1.0.0', name: 'pods', type: 'istio-cni' }

describe('parsePluginConfig', () => {
  it('gives what the original assumes for keys that are absent, null or empty', () => {
    const assumed = {
      cniVersion: '0.1.0',
      name: 'pods',
      type: 'istio-cni',
      logLevel: 'info',
      agentRunDir: '/var/run/istio-cni',
      ambientEnabled: false,
      enablementSelectors: [],
      excludeNamespaces: [],
      podNamespace: '',
      nativeNftables: false,
      enableAmbientDetectionRetry: false,
      kubeconfig: '/etc/cni/net.d/ZZZ-istio-cni-kubeconfig',
      pluginLogFile: undefined,
    }
    expect(parsePluginConfig({ name: 'pods' })).toStrictEqual(assumed)
    expect(
      parsePluginConfig({
        name: 'pods',
        plugin_log_level: '',
        cni_agent_run_dir: '',
        exclude_namespaces: null,
        enablement_selectors: null,
        prevResult: null,
        kubeconfig: null,
      }),
    ).toStrictEqual(assumed)
  })

  it('reads what the agent writes', () => {
    const settings = { ...defaultSettings(), ambientEnabled: true, pluginLogFile: '/var/log/istio-cni.log' }
    expect(parsePluginConfig({ ...pluginEntry(settings), cniVersion: '1.1.0' })).toMatchObject({
      cniVersion: '1.1.0',
      ambientEnabled: true,
      enablementSelectors: DEFAULT_ENABLEMENT_SELECTORS,
      excludeNamespaces: ['kube-system'],
      podNamespace: 'istio-system',
      pluginLogFile: '/var/log/istio-cni.log',
    })
  })

  it('passes prevResult and runtimeConfig on as they are, and leaves unknown keys out', () => {
    const prevResult = { cniVersion: '1.0.0', ips: [], 'example.com/own': { deep: [1] } }
    const config = parsePluginConfig({
      ...minimal,
      prevResult,
      runtimeConfig: { a: 1 },
      capabilities: {},
      x: 1,
    })
    expect(config.prevResult).toBe(prevResult)
    expect(config.runtimeConfig).toEqual({ a: 1 })
    expect(config).not.toHaveProperty('x')
  })

  it('takes an empty kubeconfig as: there is none', () => {
    expect(parsePluginConfig({ ...minimal, kubeconfig: '' }).kubeconfig).toBeUndefined()
  })

  it.each([
    ['exclude_namespaces', 'kube-system', 'exclude_namespaces: expected a list of texts, got "kube-system"'],
    ['exclude_namespaces', ['a', 1], 'exclude_namespaces: expected a list of texts, got ["a",1]'],
    ['ambient_enabled', 'true', 'ambient_enabled: expected true or false, got "true"'],
    ['native_nftables', 1, 'native_nftables: expected true or false, got 1'],
    ['cniVersion', 1, 'cniVersion: expected a text, got 1'],
    ['cni_agent_run_dir', 'run', 'cni_agent_run_dir: expected an absolute path without "..", got "run"'],
    [
      'cni_agent_run_dir',
      '/a/../b',
      'cni_agent_run_dir: expected an absolute path without "..", got "/a/../b"',
    ],
    ['prevResult', [], 'prevResult: expected an object, got []'],
    ['runtimeConfig', 'x', 'runtimeConfig: expected an object, got "x"'],
    ['name', 'a b', 'name: expected a network\'s name: letters, digits and inner _.-, got "a b"'],
    ['name', undefined, "name: expected a network's name: letters, digits and inner _.-, got nothing"],
    [
      'plugin_log_level',
      'loud',
      'plugin_log_level: expected one of debug, info, warn, error, fatal, none, got "loud"',
    ],
    ['enablement_selectors', {}, 'enablement_selectors: expected a list, got {}'],
  ])('refuses %s = %j', (key, value, message) => {
    expect(() => parsePluginConfig({ ...minimal, [key]: value })).toThrow(NetConfError)
    expect(() => parsePluginConfig({ ...minimal, [key]: value })).toThrow(message)
  })

  it('refuses a selector that cannot be used, naming the place', () => {
    const enablement_selectors = [
      { podSelector: { matchExpressions: [{ key: 'a', operator: 'Is', values: ['b'] }] } },
    ]
    expect(() => parsePluginConfig({ ...minimal, enablement_selectors })).toThrow(
      'enablement_selectors[0].podSelector.matchExpressions[0].operator: expected one of In, NotIn, Exists, DoesNotExist, got "Is"',
    )
  })

  it('bounds what its message quotes', () => {
    expect(() => parsePluginConfig({ ...minimal, ambient_enabled: 'x'.repeat(10_000) })).toThrow(
      /got "x{79}… \(10002 characters\)$/,
    )
  })

  it('throws nothing but NetConfError for any JSON', () => {
    const keys = ['name', 'cniVersion', 'plugin_log_level', 'cni_agent_run_dir', 'enablement_selectors']
    const objects = fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), fc.jsonValue())
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), objects), (json) => {
        try {
          parsePluginConfig(json)
        } catch (error) {
          expect(error).toBeInstanceOf(NetConfError)
        }
      }),
      { numRuns: 300 },
    )
  })
})
