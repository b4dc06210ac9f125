import { LOG_SOCKET_NAME } from '../contract.ts'
import { effectiveLogLevels } from '../log-levels.ts'
import { nearest } from '../nearest.ts'
import { kubeconfigPaths, nodeName } from '../node-paths.ts'
import type { Settings } from '../settings/table.ts'

type Fill = (settings: Settings) => string

/** What may stand in CNI_NETWORK_CONFIG between double underscores: the names of the original's earlier releases. */
export const PLACEHOLDERS: ReadonlyMap<string, Fill> = new Map<string, Fill>([
  ['CNI_BIN_DIR', (settings) => settings.cniBinDir],
  ['CNI_NET_DIR', (settings) => settings.cniNetDir],
  ['KUBECONFIG_FILENAME', (settings) => kubeconfigPaths(settings)?.onNode.split('/').at(-1) ?? ''],
  ['KUBECONFIG_FILEPATH', (settings) => kubeconfigPaths(settings)?.onNode ?? ''],
  ['KUBERNETES_NODE_NAME', nodeName],
  ['KUBERNETES_SERVICE_HOST', (settings) => settings.kubernetesServiceHost],
  ['KUBERNETES_SERVICE_PORT', (settings) => String(settings.kubernetesServicePort)],
  ['LOG_LEVEL', (settings) => effectiveLogLevels(settings).plugin],
  ['LOG_UDS_ADDRESS', (settings) => `${settings.cniAgentRunDir}/${LOG_SOCKET_NAME}`],
])

const CREDENTIAL = 'SERVICEACCOUNT_TOKEN'
const PLACEHOLDER = /__([A-Z][A-Z0-9_]*?)__/g

/** Puts values in place of placeholders, escaped to stand inside of a JSON string. */
export function fillPlaceholders(template: string, settings: Settings): string {
  return template.replaceAll(PLACEHOLDER, (whole, name: string) => {
    const fill = PLACEHOLDERS.get(name)
    return fill === undefined ? whole : JSON.stringify(fill(settings)).slice(1, -1)
  })
}

/** Why a template's placeholders cannot all be filled; undefined when they can. */
export function placeholderProblem(
  template: string,
): { expectation: string; suggestion?: string } | undefined {
  for (const [, name = ''] of template.matchAll(PLACEHOLDER)) {
    if (name === CREDENTIAL) {
      const expectation = `no __${CREDENTIAL}__: the configuration is no place for a credential`
      return { expectation, suggestion: '__KUBECONFIG_FILEPATH__' }
    }
    if (PLACEHOLDERS.has(name)) continue
    const meant = nearest(name, PLACEHOLDERS.keys())
    const known = [...PLACEHOLDERS.keys()].map((candidate) => `__${candidate}__`).join(', ')
    const expectation = `no placeholders but ${known}; not __${name.slice(0, 60)}__`
    return { expectation, ...(meant === undefined ? {} : { suggestion: `__${meant}__` }) }
  }
  return undefined
}
