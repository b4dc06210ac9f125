import { NetnsError } from '../../packages/runtime/src/netns/errors.ts'
import { HostNetwork } from '../../packages/runtime/src/netns/host-network.ts'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { hostRules } from '../../packages/runtime/src/rules/host.ts'
import { hostIptablesProgram } from '../../packages/runtime/src/rules/host-program.ts'
import { ScratchNetwork } from './scratch-network.ts'

/** Whether this kernel has the sets that iptables needs on the node. */
export async function hasIpSet(): Promise<boolean> {
  await using network = await ScratchNetwork.create()
  const namespaces = new NetworkNamespaces()
  const host = new HostNetwork({ namespaces, hostNetns: network.path, backend: 'iptables' })
  try {
    await host.applyRules(hostIptablesProgram(hostRules({ ipv6: true })))
    return true
  } catch (error) {
    if (error instanceof NetnsError && error.code === 'backend-missing') return false
    throw error
  } finally {
    await namespaces.close()
  }
}
