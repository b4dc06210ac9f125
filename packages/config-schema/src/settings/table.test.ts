import { describe, expect, expectTypeOf, it } from 'vitest'
import type { LogLevel } from '../levels.ts'
import type { EnablementSelector } from '../selector.ts'
import { defaultSettings, type Settings, settings } from './table.ts'

const names = (of: (row: (typeof settings)[number]) => readonly string[]): string[] => settings.flatMap(of)
const duplicates = (list: readonly string[]): string[] =>
  list.filter((item, index) => list.indexOf(item) !== index)

describe('the table of settings', () => {
  it('has each variable, flag and key once, file variants and aliases included', () => {
    const variables = names((row) => [row.env, ...(row.aliases ?? [])].flatMap((env) => [env, `${env}_FILE`]))
    expect(duplicates(variables)).toEqual([])
    expect(duplicates(names((row) => [row.name]))).toEqual([])
    expect(duplicates(names((row) => [row.flag, `${row.flag}-file`]))).toEqual([])
    expect(duplicates(names((row) => (row.netconfKey === undefined ? [] : [row.netconfKey])))).toEqual([])
  })

  it('documents every row in whole sentences', () => {
    for (const row of settings) expect(row.description, row.env).toMatch(/^[\p{Lu}`].{9,}\.$/u)
  })

  it('derives key and flag from the variable', () => {
    const row = settings.find(({ env }) => env === 'MOUNTED_CNI_NET_DIR')
    expect(row).toMatchObject({ name: 'mountedCniNetDir', flag: 'mounted-cni-net-dir' })
  })

  it('has defaults that its own kinds accept', () => {
    for (const row of settings) {
      const printed = row.kind.print(row.default)
      if (printed !== '') expect(row.kind.parse(printed), row.env).toEqual(row.default)
    }
  })

  it('has the names and defaults that the guide promises', () => {
    const promised = settings.filter(({ since }) => since === 'guide')
    expect(Object.fromEntries(promised.map((row) => [row.env, row.default]))).toEqual({
      CNI_NET_DIR: '/etc/cni/net.d',
      CNI_BIN_DIR: '/opt/cni/bin',
      CNI_NETWORK_CONFIG: '',
      CNI_CONF_NAME: '',
      CHAINED_CNI_PLUGIN: true,
      KUBECFG_FILE_NAME: 'ZZZ-istio-cni-kubeconfig',
      LOG_LEVEL: 'info',
      AMBIENT_ENABLED: false,
    })
  })

  it('covers what the original reads', () => {
    const ours = new Set(
      names((row) => [row.env, ...(row.aliases ?? [])].flatMap((env) => [env, `${env}_FILE`])),
    )
    const theirs = `
      ALLOW_SWITCH_TO_HOST_NS AMBIENT_DISABLE_SAFE_UPGRADE AMBIENT_DNS_CAPTURE AMBIENT_ENABLED
      AMBIENT_ENABLEMENT_SELECTOR AMBIENT_ENABLE_AWS_BRANCH_ENI_PROBE AMBIENT_IPV6
      AMBIENT_RECONCILE_POD_RULES_ON_STARTUP AMBIENT_USE_SCOPED_XTABLES_LOCKING CHAINED_CNI_PLUGIN
      CNI_AGENT_RUN_DIR CNI_CONF_GROUP_READ CNI_CONF_NAME CNI_NETWORK_CONFIG CNI_NETWORK_CONFIG_FILE
      CURRENT_AGENT_VERSION ENABLE_AMBIENT_DETECTION_RETRY EXCLUDE_NAMESPACES FORCE_IPTABLES_BINARY
      HOST_PROBE_SNAT_IP HOST_PROBE_SNAT_IPV6 ISTIO_OWNED_CNI_CONFIG ISTIO_OWNED_CNI_CONFIG_FILENAME
      ISTIO_OWNED_CNI_CONF_FILENAME KUBECONFIG_MODE KUBERNETES_NODE_NAME KUBERNETES_SERVICE_HOST
      KUBERNETES_SERVICE_PORT KUBERNETES_SERVICE_PROTOCOL KUBE_CA_FILE LOG_LEVEL MONITORING_PORT
      MOUNTED_CNI_NET_DIR NATIVE_NFTABLES NODE_NAME POD_NAME POD_NAMESPACE REPAIR_BROKEN_POD_LABEL_KEY
      REPAIR_BROKEN_POD_LABEL_VALUE REPAIR_DELETE_PODS REPAIR_ENABLED REPAIR_FIELD_SELECTORS
      REPAIR_INIT_CONTAINER_EXIT_CODE REPAIR_INIT_CONTAINER_NAME REPAIR_INIT_CONTAINER_TERMINATION_MESSAGE
      REPAIR_LABEL_PODS REPAIR_LABEL_SELECTORS REPAIR_NODE_NAME REPAIR_REPAIR_PODS REPAIR_SIDECAR_ANNOTATION
      REVISION SKIP_TLS_VERIFY SYSTEM_NAMESPACE ZTUNNEL_UDS_ADDRESS`
    expect(
      theirs
        .trim()
        .split(/\s+/)
        .filter((env) => !ours.has(env)),
    ).toEqual([])
  })

  it('gives defaults for every key', () => {
    expect(Object.keys(defaultSettings())).toEqual(settings.map(({ name }) => name))
  })

  it('gives every field its precise type', () => {
    expectTypeOf<Settings['cniNetDir']>().toEqualTypeOf<string>()
    expectTypeOf<Settings['chainedCniPlugin']>().toEqualTypeOf<boolean>()
    expectTypeOf<Settings['monitoringPort']>().toEqualTypeOf<number>()
    expectTypeOf<Settings['kubeconfigMode']>().toEqualTypeOf<number>()
    expectTypeOf<Settings['logLevel']>().toEqualTypeOf<LogLevel>()
    expectTypeOf<Settings['requireHostMounts']>().toEqualTypeOf<'auto' | 'false' | 'true'>()
    expectTypeOf<Settings['forceIptablesBinary']>().toEqualTypeOf<'' | 'legacy' | 'nft'>()
    expectTypeOf<Settings['mountedCniBinDirs']>().toEqualTypeOf<readonly string[]>()
    expectTypeOf<Settings['ambientEnablementSelector']>().toEqualTypeOf<readonly EnablementSelector[]>()
    expectTypeOf<Settings['hostProbeSnatIpv6']>().toEqualTypeOf<string>()
    expectTypeOf<Settings>().not.toHaveProperty('cniNetworkConfigFile')
  })
})
