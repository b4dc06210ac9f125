import {
  configMapEntries,
  defaultSettings,
  loadSettings,
  type ValuesInput,
  valueRows,
} from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { configMap } from './config-map.ts'
import { rendered } from './rendered.fixture.ts'

const dataOf = (values: ValuesInput = {}) =>
  rendered<{ data: Record<string, string> }>(configMap(), values)?.data ?? {}

describe('the ConfigMap', () => {
  it('has keys for values that the chart has', () => {
    const paths = valueRows.map(({ path }) => path)
    for (const { path, when } of configMapEntries()) {
      expect(paths).toContain(path)
      if (typeof when === 'object') expect(paths).toContain(when.ifTrue)
    }
  })

  it('sets nothing but the defaults by default', () => {
    const { settings, warnings } = loadSettings({ env: dataOf(), argv: [] })
    expect(warnings).toEqual([])
    expect(settings).toEqual({ ...defaultSettings(), currentAgentVersion: settings.currentAgentVersion })
  })

  it('arrives at the agent as it was meant', () => {
    const { settings } = loadSettings({
      env: dataOf({
        istioOwnedCNIConfig: true,
        istioOwnedCNIConfigFileName: '01-mesh.conflist',
        excludeNamespaces: ['kube-system', 'infra'],
        healthPort: 18000,
        monitoringPort: 25014,
        hostTokenSeconds: 0,
        pluginLogFile: '/var/log/istio-cni.log',
        uninstallOnStop: true,
        ambient: { enabled: true, readyNeedsZtunnel: true, probeAddress: { ipv4: '169.254.7.1' } },
        env: { REPAIR_INIT_CONTAINER_EXIT_CODE: 1, CNI_CONF_GROUP_READ: true },
      }),
      argv: [],
    })
    expect(settings).toMatchObject({
      istioOwnedCniConfigFilename: '01-mesh.conflist',
      excludeNamespaces: ['kube-system', 'infra'],
      healthPort: 18000,
      monitoringPort: 25014,
      hostTokenSeconds: 0,
      pluginLogFile: '/var/log/istio-cni.log',
      uninstallOnStop: true,
      ambientEnabled: true,
      ambientReadyNeedsZtunnel: true,
      hostProbeSnatIp: '169.254.7.1',
      repairInitContainerExitCode: 1,
      cniConfGroupRead: true,
    })
  })

  it("has the user's variables rather than its own", () => {
    expect(dataOf({ env: { CHAINED_CNI_PLUGIN: false } }).CHAINED_CNI_PLUGIN).toBe('false')
  })

  it('is not there for the cluster-wide half of an installation', () => {
    expect(rendered(configMap(), { global: { resourceScope: 'cluster' } })).toBeUndefined()
  })
})
