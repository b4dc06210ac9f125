import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { HOST_PROC_DIR, MOUNTED_NETNS_DIR } from '@istio-install-cni/config-schema'

/** The node's file system by its first process, for whoever has CAP_SYS_PTRACE: proc_pid_root(5). */
const nodeRoot = `${HOST_PROC_DIR}/1/root`

/**
 * A pod's network namespace as the agent sees it. Runtimes tell the node's path: in the agent's container the node's
 * processes and named namespaces are found where they are mounted, and `/proc` there is the container's own. The
 * original's chart mounts the named ones in ambient mode alone, the processes almost always.
 */
export function netnsSeenHere(netns: string, isThere: (path: string) => boolean = existsSync): string {
  if (netns.startsWith('/proc/'))
    return isThere(`${HOST_PROC_DIR}/1`) ? netns.replace(/^\/proc/, HOST_PROC_DIR) : netns
  if (isThere(netns)) return netns
  // A link to /run would be followed in the agent's own file system.
  const onNode = netns.replace(/^\/var\/run\//, '/run/')
  const candidates = [
    `${MOUNTED_NETNS_DIR}/${basename(netns)}`,
    `${nodeRoot}${onNode}`,
    `${nodeRoot}${netns}`,
  ]
  return candidates.find(isThere) ?? netns
}
