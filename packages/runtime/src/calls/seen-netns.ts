import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { HOST_PROC_DIR, MOUNTED_NETNS_DIR } from '@istio-install-cni/config-schema'

/**
 * A pod's network namespace as the agent sees it. Runtimes tell the node's path: in the agent's container the node's
 * processes and named namespaces are found where they are mounted, and `/proc` there is the container's own.
 */
export function netnsSeenHere(netns: string, isThere: (path: string) => boolean = existsSync): string {
  if (netns.startsWith('/proc/'))
    return isThere(`${HOST_PROC_DIR}/1`) ? netns.replace(/^\/proc/, HOST_PROC_DIR) : netns
  const mounted = `${MOUNTED_NETNS_DIR}/${basename(netns)}`
  return !isThere(netns) && isThere(mounted) ? mounted : netns
}
