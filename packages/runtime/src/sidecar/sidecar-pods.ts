import { existsSync } from 'node:fs'
import { CNI_ERROR, HOST_PROC_DIR } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { CniError, messageOf } from '../errors.ts'
import type { PodEvents } from '../kube/pod-events.ts'
import type { PodSource } from '../kube/source.ts'
import { type Decision, decisionOf } from '../mesh/decision.ts'
import type { DecisionSettings } from '../mesh/exemption.ts'
import type { Pod } from '../mesh/pod.ts'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import type { NetworkNamespaces } from '../netns/index.ts'
import { iptablesProgram } from '../rules/iptables.ts'
import { nftProgram } from '../rules/nft.ts'
import type { KernelProgram } from '../rules/program.ts'
import { sidecarRules } from '../rules/sidecar.ts'
import type { CallAnswer, PodCall } from './call.ts'

/** Told how long each step of an ADD took, in seconds, and what was decided. */
interface AddObserver {
  observePhase(phase: 'lookup' | 'decide' | 'apply' | 'total', seconds: number): void
  countDecision(decision: string): void
}

export interface SidecarPodsOptions {
  readonly pods: PodSource<Pod>
  readonly namespaces: NetworkNamespaces
  readonly settings: DecisionSettings & { readonly nativeNftables: boolean }
  readonly observer: AddObserver
  readonly events: PodEvents
  readonly log: Logger
}

/** ADD, CHECK and DEL of sidecar pods: looks the pod up, decides, programs its namespace. */
export class SidecarPods {
  readonly #options: SidecarPodsOptions

  constructor(options: SidecarPodsOptions) {
    this.#options = options
  }

  async add(call: PodCall): Promise<CallAnswer> {
    const { log, observer, events } = this.#options
    const fields = { pod: call.name, namespace: call.namespace }
    const started = performance.now()
    const pod = await this.#timed('lookup', () => this.#find(call))
    const decision = await this.#timed('decide', () =>
      Promise.resolve(decisionOf(pod, this.#options.settings)),
    )
    observer.countDecision(decision.mode)
    if (decision.mode === 'refused') events.warn(pod, 'RedirectionRefused', decision.error.message)
    const answer = answerFor(decision)
    if (decision.mode !== 'sidecar') {
      log.debug({ ...fields, because: answer.because }, 'left a pod alone')
      return answer
    }
    for (const warning of decision.warnings) log.warn(fields, warning)
    const change = await this.#timed('apply', () =>
      this.#apply(decision.redirection, call).catch((cause: unknown) => {
        log.error({ ...fields, netns: call.netns, err: cause }, 'failed to redirect a pod')
        events.warn(pod, 'RedirectionFailed', `the pod could not be redirected: ${messageOf(cause)}`)
        throw new CniError(
          CNI_ERROR.rulesNotApplied,
          `pod ${call.namespace}/${call.name} could not be redirected`,
          messageOf(cause),
          cause,
        )
      }),
    )
    const ms = Math.round((performance.now() - started) * 10) / 10
    observer.observePhase('total', ms / 1000)
    log.info({ ...fields, mode: decision.redirection.mode, change, ms }, 'redirected a pod to its sidecar')
    return answer
  }

  /** @throws CniError 102 that lists what is missing or different */
  async check(call: PodCall): Promise<CallAnswer> {
    const decision = decisionOf(await this.#find(call), this.#options.settings)
    if (decision.mode !== 'sidecar') return answerFor(decision)
    const program = await this.#programFor(decision.redirection, call)
    const differences = await this.#options.namespaces.verifyRules(pathInContainer(call.netns), program)
    if (differences.length > 0) {
      throw new CniError(
        CNI_ERROR.redirectionDiffers,
        `the redirection of pod ${call.namespace}/${call.name} is not as ADD made it`,
        differences.map((difference) => `${difference.kind} ${difference.line}`).join('\n'),
      )
    }
    return answerFor(decision)
  }

  /** The rules go with the namespace; nothing else was made for the pod. */
  remove(_call: PodCall): Promise<CallAnswer> {
    return Promise.resolve({ decision: 'none', because: 'the rules go with the network namespace' })
  }

  async #apply(redirection: SidecarRedirection, call: PodCall) {
    const program = await this.#programFor(redirection, call)
    return this.#options.namespaces.applyRules(pathInContainer(call.netns), program)
  }

  async #programFor(redirection: SidecarRedirection, { addresses, netns }: PodCall): Promise<KernelProgram> {
    // Without a plugin before us only the namespace knows the pod's addresses.
    const known =
      addresses.length > 0 ? addresses : await this.#options.namespaces.addresses(pathInContainer(netns))
    const rules = sidecarRules(redirection, known)
    return this.#options.settings.nativeNftables ? nftProgram(rules) : iptablesProgram(rules)
  }

  async #find({ namespace, name, uid }: PodCall): Promise<Pod> {
    let pod: Pod | undefined
    try {
      pod = await this.#options.pods.find(namespace, name, uid)
    } catch (cause) {
      this.#options.log.error({ pod: name, namespace, err: cause }, 'failed to look a pod up')
      throw new CniError(
        CNI_ERROR.tryAgainLater,
        `pod ${namespace}/${name} could not be looked up`,
        messageOf(cause),
        cause,
      )
    }
    // The runtime asks again if the pod still exists; if it is gone, so is the question.
    if (pod === undefined)
      throw new CniError(CNI_ERROR.tryAgainLater, `pod ${namespace}/${name} is not known`)
    return pod
  }

  async #timed<T>(phase: 'lookup' | 'decide' | 'apply', work: () => Promise<T>): Promise<T> {
    const started = performance.now()
    try {
      return await work()
    } finally {
      this.#options.observer.observePhase(phase, (performance.now() - started) / 1000)
    }
  }
}

function answerFor(decision: Decision): CallAnswer {
  if (decision.mode === 'refused') throw new CniError(CNI_ERROR.podRefused, decision.error.message)
  return { decision: decision.mode, because: decision.because }
}

/** `/proc/<pid>/ns/net` is the host's pid: inside a container it is found where the host's /proc is mounted. */
function pathInContainer(netns: string): string {
  return netns.startsWith('/proc/') && existsSync(`${HOST_PROC_DIR}/1`)
    ? netns.replace(/^\/proc/, HOST_PROC_DIR)
    : netns
}
