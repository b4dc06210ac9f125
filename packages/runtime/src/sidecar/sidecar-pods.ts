import { CNI_ERROR } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { CniError, messageOf } from '../errors.ts'
import type { PodEvents } from '../kube/pod-events.ts'
import type { PodCall } from '../mesh/call.ts'
import type { Decision } from '../mesh/decision.ts'
import type { Pod } from '../mesh/pod.ts'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import type { Difference, NetworkNamespaces } from '../netns/index.ts'
import { iptablesProgram } from '../rules/iptables.ts'
import { nftProgram } from '../rules/nft.ts'
import type { KernelProgram } from '../rules/program.ts'
import { sidecarRules } from '../rules/sidecar.ts'

export type SidecarDecision = Extract<Decision, { mode: 'sidecar' }>

export interface SidecarPodsOptions {
  readonly namespaces: Pick<NetworkNamespaces, 'addresses' | 'applyRules' | 'verifyRules'>
  readonly nativeNftables: boolean
  readonly events: PodEvents
  readonly log: Logger
}

/** ADD and CHECK of sidecar pods: programs and verifies the pod's namespace. At DEL the rules go with it. */
export class SidecarPods {
  readonly #options: SidecarPodsOptions

  constructor(options: SidecarPodsOptions) {
    this.#options = options
  }

  /** @throws CniError 101; then nothing of the redirection is in the namespace */
  async add(pod: Pod, { redirection }: SidecarDecision, call: PodCall): Promise<void> {
    const { log, events, namespaces } = this.#options
    const fields = { pod: call.name, namespace: call.namespace }
    const started = performance.now()
    try {
      const program = await this.#programFor(redirection, call)
      const change = await namespaces.applyRules(call.netns, program)
      const ms = Math.round((performance.now() - started) * 10) / 10
      log.info({ ...fields, mode: redirection.mode, change, ms }, 'redirected a pod to its sidecar')
    } catch (cause) {
      log.error({ ...fields, netns: call.netns, err: cause }, 'failed to redirect a pod')
      events.warn(pod, 'RedirectionFailed', `the pod could not be redirected: ${messageOf(cause)}`)
      throw new CniError(
        CNI_ERROR.rulesNotApplied,
        `pod ${call.namespace}/${call.name} could not be redirected`,
        messageOf(cause),
        cause,
      )
    }
  }

  /** What differs from what ADD made; empty when nothing does. */
  async check({ redirection }: SidecarDecision, call: PodCall): Promise<readonly Difference[]> {
    return this.#options.namespaces.verifyRules(call.netns, await this.#programFor(redirection, call))
  }

  async #programFor(redirection: SidecarRedirection, { addresses, netns }: PodCall): Promise<KernelProgram> {
    // Without a plugin before us only the namespace knows the pod's addresses.
    const known = addresses.length > 0 ? addresses : await this.#options.namespaces.addresses(netns)
    const rules = sidecarRules(redirection, known)
    return this.#options.nativeNftables ? nftProgram(rules) : iptablesProgram(rules)
  }
}
