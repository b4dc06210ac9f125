import { NODE_KUBECONFIG, PLUGIN_NAME } from './contract.ts'
import type { Json, JsonObject } from './json.ts'
import { effectiveLogLevels } from './log-levels.ts'
import { kubeconfigPaths } from './node-paths.ts'
import type { Settings } from './settings/table.ts'

/**
 * Our entry of a conflist's `plugins`: the original's keys in its order, then ours where they differ from what the
 * plugin assumes. With `CNI_NETWORK_CONFIG` the template's keys win, and it may bring others (`cniVersion`).
 */
export function pluginEntry(settings: Settings): JsonObject {
  const kubeconfig = kubeconfigPaths(settings)?.onNode ?? ''
  return {
    name: PLUGIN_NAME,
    type: PLUGIN_NAME,
    ipam: {},
    dns: {},
    plugin_log_level: effectiveLogLevels(settings).plugin,
    cni_agent_run_dir: settings.cniAgentRunDir,
    ambient_enabled: settings.ambientEnabled,
    enablement_selectors: settings.ambientEnablementSelector as unknown as Json,
    exclude_namespaces: settings.excludeNamespaces,
    pod_namespace: settings.podNamespace,
    native_nftables: settings.nativeNftables,
    enable_ambient_detection_retry: settings.enableAmbientDetectionRetry,
    ...(kubeconfig === NODE_KUBECONFIG ? {} : { kubeconfig }),
    ...(settings.pluginLogFile === '' ? {} : { plugin_log_file: settings.pluginLogFile }),
  }
}
