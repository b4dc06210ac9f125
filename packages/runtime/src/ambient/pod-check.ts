import type { AmbientRedirection } from '../mesh/ambient-redirection.ts'
import type { Pod } from '../mesh/pod.ts'
import { podAddresses, withinFamilies } from './addresses.ts'
import type { EnrolledPods } from './enrolled-pods.ts'
import { uidOf } from './known-pods.ts'
import type { PodRedirection, ProgramFor } from './pod-redirection.ts'
import type { AmbientCall, Finding, HostRules, PodNetworks, Ztunnel } from './ports.ts'

export type PodCheckOptions = Readonly<{
  enrolled: EnrolledPods
  redirection: PodRedirection
  programFor: ProgramFor
  networks: Pick<PodNetworks, 'verifyRules'>
  host: Pick<HostRules, 'probeSet'>
  ztunnel: Pick<Ztunnel, 'state'>
  settings: Readonly<{ ambientIpv6: boolean }>
}>

/** CHECK: compares everything that an ADD has made with what is there, and repairs nothing. */
export class PodCheck {
  readonly #options: PodCheckOptions

  constructor(options: PodCheckOptions) {
    this.#options = options
  }

  /** Empty when nothing differs. Rejects with NetnsError. */
  async findings(pod: Pod, redirection: AmbientRedirection, call: AmbientCall): Promise<readonly Finding[]> {
    const rules = await this.#inRules(pod, redirection, call)
    return [...rules, ...this.#inZtunnel(pod), ...(await this.#inProbeSet(pod, call))]
  }

  #inRules(pod: Pod, redirection: AmbientRedirection, { netns }: AmbientCall): Promise<readonly Finding[]> {
    const { enrolled, redirection: redirections, programFor, networks } = this.#options
    const held = enrolled.get(uidOf(pod))
    if (held !== undefined) return redirections.differences(held, redirection)
    return networks.verifyRules(netns, programFor(redirection, redirections.backend))
  }

  #inZtunnel(pod: Pod): readonly Finding[] {
    const { enrolled, ztunnel } = this.#options
    if (enrolled.get(uidOf(pod))?.isAcked === true) return []
    const { problem = 'it has not acked the pod' } = ztunnel.state()
    return [{ kind: 'missing', line: `ztunnel's ack: ${problem}` }]
  }

  async #inProbeSet(pod: Pod, call: AmbientCall): Promise<readonly Finding[]> {
    const { enrolled, host, settings } = this.#options
    const uid = uidOf(pod)
    const told = call.addresses.length > 0 ? call.addresses : pod.ips
    const addresses = enrolled.get(uid)?.addresses ?? podAddresses(told)
    const set = await host.probeSet()
    // Of a member that an earlier agent has put nobody may know the owner.
    const missing = withinFamilies(addresses, settings).filter(
      (address) => ![uid, ''].includes(set.get(address) ?? 'nobody'),
    )
    return missing.map((address) => ({
      kind: 'missing',
      line: `${address} in the node's set of probed pods`,
    }))
  }
}
