import { lstat, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '@istio-install-cni/config-schema'

type IntentSettings = Pick<Settings, 'cniAgentRunDir' | 'uninstallOnStop'>

/** A file of this name in the run dir says: the next stop is an uninstallation. */
function uninstallMarker({ cniAgentRunDir }: Pick<Settings, 'cniAgentRunDir'>): string {
  return join(cniAgentRunDir, 'uninstall')
}

/** Is the node to be cleaned when the agent stops? By setting, or by the marker file; else it is a restart. */
export async function uninstallIntended(settings: IntentSettings): Promise<boolean> {
  if (settings.uninstallOnStop) return true
  return await lstat(uninstallMarker(settings)).then(
    () => true,
    () => false,
  )
}

/** The marker counts once: what is installed after it was acted upon stays. */
export async function consumeMarker(settings: Pick<Settings, 'cniAgentRunDir'>): Promise<void> {
  await rm(uninstallMarker(settings), { force: true })
}
