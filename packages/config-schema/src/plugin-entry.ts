import { NODE_KUBECONFIG, PLUGIN_NAME } from './contract.ts'
import { SettingsError } from './errors.ts'
import type { JsonObject } from './json.ts'
import { effectiveLogLevels } from './log-levels.ts'
import { NetConfError, parsePluginConfig } from './netconf.ts'
import { kubeconfigPaths } from './node-paths.ts'
import type { Settings } from './settings/table.ts'
import { templateKeys } from './template/template.ts'

/**
 * Our entry of a conflist's `plugins`: the original's keys in its order, then ours where they differ from what the
 * plugin assumes. With `CNI_NETWORK_CONFIG` the template's keys win, and it may bring others (`cniVersion`).
 * @throws {SettingsError} when the template is unusable, which `loadSettings` has found before.
 */
export function pluginEntry(settings: Settings): JsonObject {
  const entry = { ...generatedEntry(settings), ...templateKeys(settings) }
  try {
    parsePluginConfig(entry)
  } catch (cause) {
    if (!(cause instanceof NetConfError)) throw cause
    const expectation = `${cause.expectation} as ${cause.key}`
    throw new SettingsError([{ setting: 'CNI_NETWORK_CONFIG', expectation }])
  }
  return entry
}

function generatedEntry(settings: Settings): JsonObject {
  const kubeconfig = kubeconfigPaths(settings)?.onNode ?? ''
  return {
    name: PLUGIN_NAME,
    type: PLUGIN_NAME,
    ipam: {},
    dns: {},
    plugin_log_level: effectiveLogLevels(settings).plugin,
    cni_agent_run_dir: settings.cniAgentRunDir,
    ambient_enabled: settings.ambientEnabled,
    enablement_selectors: settings.ambientEnablementSelector,
    exclude_namespaces: settings.excludeNamespaces,
    pod_namespace: settings.podNamespace,
    native_nftables: settings.nativeNftables,
    enable_ambient_detection_retry: settings.enableAmbientDetectionRetry,
    ...(kubeconfig === NODE_KUBECONFIG ? {} : { kubeconfig }),
    ...(settings.pluginLogFile === '' ? {} : { plugin_log_file: settings.pluginLogFile }),
  }
}
