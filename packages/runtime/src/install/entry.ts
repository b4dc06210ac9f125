import { hostname } from 'node:os'
import {
  nodeName,
  PLUGIN_NAME,
  parsePluginConfig,
  pluginEntry,
  type Settings,
} from '@istio-install-cni/config-schema'
import { messageOf } from '../errors.ts'
import { InstallError } from './errors.ts'
import { isDocument, type Json, type JsonDocument, parseJson } from './json.ts'

/**
 * Our plugin's entry: generated, with the keys of CNI_NETWORK_CONFIG laid over it. `token` is the service
 * account's, for templates that ask for it. Throws `InstallError` (TEMPLATE_INVALID) before anything is written.
 */
export function entryOf(settings: Settings, token: string): JsonDocument {
  const { cniVersion: _, ...generated } = pluginEntry({ ...settings, cniNetworkConfig: '' })
  const entry = generated as JsonDocument
  if (settings.cniNetworkConfig.trim() === '') return entry
  const { cniVersion: __, ...template } = parsedTemplate(replaced(settings, token))
  const merged = { ...entry, ...template }
  try {
    // Once through text: the parser wants plain numbers.
    parsePluginConfig(JSON.parse(JSON.stringify(merged)))
  } catch (error) {
    throw invalid(messageOf(error), error)
  }
  return merged
}

/** The placeholders of the original's releases up to 1.17 (cni/pkg/install/cniconfig.go). */
function replaced(settings: Settings, token: string): string {
  const directory = settings.kubeconfigInRunDir ? settings.cniAgentRunDir : settings.cniNetDir
  const values: Record<string, string> = {
    LOG_LEVEL: String(pluginEntry({ ...settings, cniNetworkConfig: '' }).plugin_log_level),
    LOG_UDS_ADDRESS: `${settings.cniAgentRunDir}/log.sock`,
    KUBECONFIG_FILENAME: settings.kubecfgFileName,
    KUBECONFIG_FILEPATH: `${directory}/${settings.kubecfgFileName}`,
    CNI_NET_DIR: settings.cniNetDir,
    KUBERNETES_SERVICE_HOST: settings.kubernetesServiceHost,
    KUBERNETES_SERVICE_PORT: String(settings.kubernetesServicePort),
    KUBERNETES_NODE_NAME: nodeName(settings) || hostname(),
    POD_NAMESPACE: settings.podNamespace,
    SERVICEACCOUNT_TOKEN: token,
  }
  return settings.cniNetworkConfig.replaceAll(/__([A-Z_]+?)__/g, (placeholder, name: string) => {
    const value = values[name]
    // Placeholders stand inside of JSON strings: what would end the string must not.
    return value === undefined ? placeholder : JSON.stringify(value).slice(1, -1)
  })
}

function parsedTemplate(text: string): JsonDocument {
  let template: Json
  try {
    template = parseJson(text)
  } catch (error) {
    throw invalid(`not valid JSON: ${(error as Error).name}`)
  }
  if (!isDocument(template)) throw invalid('not a JSON object')
  if ('plugins' in template) throw invalid('it is a list; give the configuration of our plugin only')
  if (template.type !== undefined && template.type !== PLUGIN_NAME)
    throw invalid(`"type" must be "${PLUGIN_NAME}"`)
  return template
}

function invalid(why: string, cause?: unknown): InstallError {
  return new InstallError('TEMPLATE_INVALID', `CNI_NETWORK_CONFIG cannot be used: ${why}`, { cause })
}
