import { describe, expect, it } from 'vitest'
import { pluginEntry } from './plugin-entry.ts'
import { DEFAULT_ENABLEMENT_SELECTORS } from './selector.ts'
import { defaultSettings, type Settings } from './settings/table.ts'

const settings = (changes: Partial<Settings> = {}): Settings => ({ ...defaultSettings(), ...changes })
const template = (cniNetworkConfig: string, changes: Partial<Settings> = {}): Settings =>
  settings({ cniNetworkConfig, ...changes })

describe('pluginEntry', () => {
  it("has the original's keys in its order and nothing else", () => {
    expect(JSON.stringify(pluginEntry(settings()))).toBe(
      JSON.stringify({
        name: 'istio-cni',
        type: 'istio-cni',
        ipam: {},
        dns: {},
        plugin_log_level: 'info',
        cni_agent_run_dir: '/var/run/istio-cni',
        ambient_enabled: false,
        enablement_selectors: DEFAULT_ENABLEMENT_SELECTORS,
        exclude_namespaces: ['kube-system'],
        pod_namespace: 'istio-system',
        native_nftables: false,
        enable_ambient_detection_retry: false,
      }),
    )
  })

  it('names the kubeconfig by its path on the node when the plugin would look elsewhere', () => {
    expect(pluginEntry(settings({ cniNetDir: '/var/lib/k3s/net.d' })).kubeconfig).toBe(
      '/var/lib/k3s/net.d/ZZZ-istio-cni-kubeconfig',
    )
    expect(pluginEntry(settings({ kubeconfigInRunDir: true })).kubeconfig).toBe(
      '/var/run/istio-cni/istio-cni-kubeconfig',
    )
    expect(pluginEntry(settings({ hostCredentials: false })).kubeconfig).toBe('')
  })

  it('carries the log file and the level of the plugin', () => {
    const logOutputLevel = { 'cni-plugin': 'debug' } as const
    expect(pluginEntry(settings({ pluginLogFile: '/var/log/cni.log', logOutputLevel }))).toMatchObject({
      plugin_log_file: '/var/log/cni.log',
      plugin_log_level: 'debug',
    })
  })

  it('lets a template win, key by key, and fills its placeholders', () => {
    const text = `{
      "cniVersion": "0.3.1", "type": "istio-cni", "example": "__CNI_NET_DIR__:__CNI_BIN_DIR__",
      "api": "__KUBERNETES_SERVICE_HOST__", "port": __KUBERNETES_SERVICE_PORT__, "node": "__KUBERNETES_NODE_NAME__",
      "log_level": "__LOG_LEVEL__", "log_uds_address": "__LOG_UDS_ADDRESS__",
      "kubernetes": {
        "kubeconfig": "__KUBECONFIG_FILEPATH__", "name": "__KUBECONFIG_FILENAME__", "exclude_namespaces": ["a"]
      }
    }`
    const changes = { kubernetesServiceHost: '10.0.0.1', nodeName: 'node"1', logLevel: 'warn' } as const
    expect(pluginEntry(template(text, changes))).toMatchObject({
      cniVersion: '0.3.1',
      pod_namespace: 'istio-system',
      example: '/etc/cni/net.d:/opt/cni/bin',
      api: '10.0.0.1',
      port: 443,
      node: 'node"1',
      plugin_log_level: 'warn',
      log_uds_address: '/var/run/istio-cni/log.sock',
      kubeconfig: '/etc/cni/net.d/ZZZ-istio-cni-kubeconfig',
      kubernetes: { name: 'ZZZ-istio-cni-kubeconfig' },
      exclude_namespaces: ['a'],
    })
  })

  it.each([
    ['[]', 'a JSON object'],
    ['{\n  "type": "istio-cni",\n  "dns": {},\n}', 'it stops being JSON at line 4, column 1'],
    ['{"type": "bridge"}', '"type": "istio-cni"'],
    ['{"plugins": []}', "one plugin's configuration, not a list"],
    ['{"exclude_namespaces": "a"}', 'a list of texts as exclude_namespaces'],
    ['{"a": "__KUBECONFIG_FILENAM__"}', /no placeholders but .*did you mean __KUBECONFIG_FILENAME__/],
    ['{"a": "__SERVICEACCOUNT_TOKEN__"}', /no place for a credential.*__KUBECONFIG_FILEPATH__/],
  ])('refuses the template %j', (text, message) => {
    expect(() => pluginEntry(template(text))).toThrow(message)
    expect(() => pluginEntry(template(text))).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }))
  })
})
