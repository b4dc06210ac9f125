import { CNI_ERROR } from '@istio-install-cni/config-schema'
import type { Environment } from './environment.ts'
import { CniError } from './errors.ts'
import type { PluginPorts } from './ports.ts'

const OWN_NETNS = '/proc/self/ns/net'

/**
 * Redirecting the node's own traffic would take the node off the network: never on a mistaken path.
 * Code 4, not 3: earlier plugins of the chain may have something to clean up, which 3 would deny.
 * @throws {CniError} code 4
 */
export function requirePodNetns({ netns, allowOwnNetns }: Environment, ports: PluginPorts): void {
  const found = ports.networkNamespace(netns)
  if ('problem' in found) {
    throw invalid(`CNI_NETNS is no network namespace: ${found.problem}`, netns)
  }
  const own = ports.networkNamespace(OWN_NETNS)
  if (!allowOwnNetns && 'id' in own && own.id === found.id) {
    throw invalid("CNI_NETNS is the node's own network namespace", netns)
  }
}

function invalid(problem: string, netns: string): CniError {
  return new CniError(CNI_ERROR.invalidEnvironment, problem, `CNI_NETNS=${netns.slice(0, 512)}`)
}
