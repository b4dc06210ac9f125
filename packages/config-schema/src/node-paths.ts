import { FILE_NAME } from './contract.ts'
import type { Settings } from './settings/table.ts'

type PathSettings = Pick<
  Settings,
  | 'cniAgentRunDir'
  | 'cniNetDir'
  | 'hostCredentials'
  | 'kubecfgFileName'
  | 'kubeconfigInRunDir'
  | 'mountedCniNetDir'
>

/**
 * Where the agent writes the kubeconfig, and how the plugin on the node names the same file; undefined when the
 * node is to hold no credentials.
 */
export function kubeconfigPaths(settings: PathSettings): { written: string; onNode: string } | undefined {
  if (!settings.hostCredentials) return undefined
  if (settings.kubeconfigInRunDir) {
    const path = inDirectory(settings.cniAgentRunDir, FILE_NAME.runDirKubeconfig)
    return { written: path, onNode: path }
  }
  return {
    written: inDirectory(settings.mountedCniNetDir, settings.kubecfgFileName),
    onNode: inDirectory(settings.cniNetDir, settings.kubecfgFileName),
  }
}

/** Name of the node that we run on; empty when no setting tells, so that the host name has to. */
export function nodeName(
  settings: Pick<Settings, 'nodeName' | 'kubernetesNodeName' | 'repairNodeName'>,
): string {
  return settings.nodeName || settings.kubernetesNodeName || settings.repairNodeName
}

function inDirectory(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`
}
