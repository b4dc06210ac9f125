import { isDocument, type Json, type JsonDocument } from '../../packages/runtime/src/install/json.ts'

/** A case of data/install as recorded from the original. */
export interface InstallCase {
  name: string
  settings: Record<string, string>
  before: Record<string, Json>
  ready: boolean
  'net dir': Record<string, Json>
  'bin dir': string[]
  event?: { kind: 'write' | 'delete-binary'; file: string; content: Json }
  'ready after the event'?: boolean
  'net dir after the event'?: Record<string, Json>
  'bin dir after the event'?: string[]
  'net dir after SIGTERM': Record<string, Json>
  'bin dir after SIGTERM': string[]
  'run dir': Record<string, Json>
}

/** Where ours deliberately differs: why, and what is expected instead. All other cases are as recorded. */
export const differences: Record<
  string,
  { because: string; change: (recorded: InstallCase) => Partial<InstallCase> }
> = {
  'owned-without-ambient': {
    because: 'owned mode works without ambient too, and a file that we did not create is never deleted',
    change: ({ before, ...recorded }) => ({
      'net dir': {
        '02-istio-cni.conflist': recorded['net dir']['10-pods.conflist'] as Json,
        '10-pods.conflist': { mode: '0o600', json: before['10-pods.conflist'] as Json },
      },
      'net dir after SIGTERM': {
        '10-pods.conflist': { mode: '0o600', json: before['10-pods.conflist'] as Json },
      },
    }),
  },
  'owned-primary-is-a-conf': {
    because: 'a single configuration can be copied as well as a list, and SIGTERM leaves nothing behind',
    change: ({ before }) => ({
      ready: true,
      'net dir after SIGTERM': { '10-pods.conf': { mode: '0o600', json: before['10-pods.conf'] as Json } },
      'bin dir after SIGTERM': [],
    }),
  },
  'owned-primary-changes': {
    because: 'the copy follows the primary',
    change: ({ event, ...recorded }) => {
      const after = recorded['net dir after the event'] ?? {}
      const copy = { ...(event?.content as JsonDocument) }
      copy.plugins = [
        ...(copy.plugins as Json[]),
        ourEntry(recorded['net dir']['02-istio-cni.conflist'] as Json),
      ]
      return {
        'net dir after the event': { ...after, '02-istio-cni.conflist': { mode: '0o600', json: copy } },
      }
    },
  },
  'owned-comes-later': {
    because: 'a missing primary is waited for',
    change: ({ event, ...recorded }) => {
      const after = recorded['net dir after the event'] ?? {}
      const copy = { ...(event?.content as JsonDocument) }
      copy.plugins = [...(copy.plugins as Json[]), ambientEntry]
      return {
        'bin dir': ['istio-cni'],
        'ready after the event': true,
        'net dir after the event': { ...after, '02-istio-cni.conflist': { mode: '0o600', json: copy } },
        'bin dir after the event': ['istio-cni'],
      }
    },
  },
  'json-extension': {
    because: 'runtimes load .json files, so pods have that network',
    change: ({ before }) => {
      const { cniVersion, ...plugin } = before['10-pods.json'] as JsonDocument
      const list = { cniVersion: cniVersion as Json, name: 'k8s-pod-network' }
      const { ambient_enabled: _, ...entry } = ambientEntry
      return {
        ready: true,
        'net dir': {
          '10-pods.conflist': {
            mode: '0o600',
            json: { ...list, plugins: [plugin, { ...entry, ambient_enabled: false }] },
          },
        },
        'net dir after SIGTERM': {
          '10-pods.conflist': { mode: '0o600', json: { ...list, plugins: [plugin] } },
        },
      }
    },
  },
  'unknown-keys': {
    because: 'numbers are kept as they are written',
    change: ({ before, ...recorded }) => {
      const [bridge] = (before['10-pods.conflist'] as { plugins: Json[] }).plugins
      const exact = (dir: Record<string, Json>) => {
        const file = dir['10-pods.conflist'] as { mode: Json; json: { plugins: Json[] } }
        const plugins = [bridge as Json, ...file.json.plugins.slice(1)]
        return { '10-pods.conflist': { mode: file.mode, json: { ...file.json, plugins } } }
      }
      return {
        'net dir': exact(recorded['net dir']),
        'net dir after SIGTERM': exact(recorded['net dir after SIGTERM']),
      }
    },
  },
}

const ambientEntry: JsonDocument = {
  name: 'istio-cni',
  type: 'istio-cni',
  ipam: {},
  dns: {},
  plugin_log_level: 'info',
  cni_agent_run_dir: '/var/run/istio-cni',
  ambient_enabled: true,
  enablement_selectors: [
    { podSelector: { matchLabels: { 'istio.io/dataplane-mode': 'ambient' } }, namespaceSelector: {} },
    {
      podSelector: {
        matchExpressions: [{ key: 'istio.io/dataplane-mode', operator: 'NotIn', values: ['none'] }],
      },
      namespaceSelector: { matchLabels: { 'istio.io/dataplane-mode': 'ambient' } },
    },
  ],
  exclude_namespaces: ['kube-system'],
  pod_namespace: 'istio-system',
  native_nftables: false,
  enable_ambient_detection_retry: false,
}

function ourEntry(shown: Json): Json {
  const json = isDocument(shown) && isDocument(shown.json) ? shown.json : {}
  return (json.plugins as Json[]).at(-1) as Json
}
