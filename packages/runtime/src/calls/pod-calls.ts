import { CNI_ERROR } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { CniError, messageOf } from '../errors.ts'
import type { PodEvents } from '../kube/pod-events.ts'
import type { PodSource } from '../kube/source.ts'
import type { CallAnswer, PodCall } from '../mesh/call.ts'
import type { AmbientDecision, MeshDecision } from '../mesh/mesh-decision.ts'
import type { Pod } from '../mesh/pod.ts'
import type { Difference } from '../netns/index.ts'
import type { SidecarPods } from '../sidecar/sidecar-pods.ts'
import { netnsSeenHere } from './seen-netns.ts'

/** Told how long each step of an ADD took, in seconds, and what was decided. */
interface AddObserver {
  observePhase(phase: 'lookup' | 'decide' | 'apply' | 'total', seconds: number): void
  countDecision(decision: string): void
}

/** What a CHECK found, as the error lists it. */
type Finding = Pick<Difference, 'kind' | 'line'>

/** The ambient mode's part of a call. */
interface AmbientCalls {
  add(pod: Pod, decision: AmbientDecision, call: PodCall): Promise<void>
  check(pod: Pod, decision: AmbientDecision, call: PodCall): Promise<readonly Finding[]>
  remove(call: PodCall): Promise<void>
}

export interface PodCallsOptions {
  readonly pods: Pick<PodSource<Pod>, 'find'>
  /** Rejects when a decision needs something that cannot be known now. */
  readonly decide: (pod: Pod) => MeshDecision | Promise<MeshDecision>
  readonly sidecar: Pick<SidecarPods, 'add' | 'check'>
  /** Undefined where ambient mode is off. */
  readonly ambient?: AmbientCalls | undefined
  readonly observer: AddObserver
  readonly events: PodEvents
  readonly log: Logger
}

/** ADD, CHECK and DEL of the plugin: looks the pod up, decides, hands it to the mode that it is in. */
export class PodCalls {
  readonly #options: PodCallsOptions

  constructor(options: PodCallsOptions) {
    this.#options = options
  }

  async add(plugin: PodCall): Promise<CallAnswer> {
    const { log, observer, events, sidecar, ambient } = this.#options
    const call = asSeenHere(plugin)
    const fields = { pod: call.name, namespace: call.namespace }
    const started = performance.now()
    const pod = await this.#timed('lookup', () => this.#find(call))
    const decision = await this.#timed('decide', () => this.#decide(pod))
    observer.countDecision(decision.mode)
    if (decision.mode === 'refused') events.warn(pod, 'RedirectionRefused', decision.error.message)
    const answer = answerFor(decision)
    if (decision.mode === 'sidecar' || decision.mode === 'ambient') {
      for (const warning of decision.warnings) log.warn({ ...fields, mode: decision.mode }, warning)
      await this.#timed('apply', async () =>
        decision.mode === 'sidecar'
          ? sidecar.add(pod, decision, call)
          : required(ambient).add(pod, decision, call),
      )
    } else {
      log.debug({ ...fields, because: answer.because }, 'left a pod alone')
    }
    observer.observePhase('total', (performance.now() - started) / 1000)
    return answer
  }

  /** @throws CniError 102 that lists what is missing or different */
  async check(plugin: PodCall): Promise<CallAnswer> {
    const call = asSeenHere(plugin)
    const pod = await this.#find(call)
    const decision = await this.#decide(pod)
    const differences = await this.#differences(pod, decision, call)
    if (differences.length > 0) {
      throw new CniError(
        CNI_ERROR.redirectionDiffers,
        `the redirection of ${decision.mode} pod ${call.namespace}/${call.name} is not as ADD made it`,
        differences.map((difference) => `${difference.kind} ${difference.line}`).join('\n'),
      )
    }
    return answerFor(decision)
  }

  /** The rules go with the namespace; what ambient mode made outside of it is taken back. */
  async remove(plugin: PodCall): Promise<CallAnswer> {
    await this.#options.ambient?.remove(asSeenHere(plugin))
    return { decision: 'none', because: 'the rules go with the network namespace' }
  }

  async #differences(pod: Pod, decision: MeshDecision, call: PodCall): Promise<readonly Finding[]> {
    const { sidecar, ambient } = this.#options
    if (decision.mode === 'sidecar') return sidecar.check(decision, call)
    return decision.mode === 'ambient' ? required(ambient).check(pod, decision, call) : []
  }

  async #find({ namespace, name, uid }: PodCall): Promise<Pod> {
    let pod: Pod | undefined
    try {
      pod = await this.#options.pods.find(namespace, name, uid)
    } catch (cause) {
      this.#options.log.error({ pod: name, namespace, err: cause }, 'failed to look a pod up')
      throw later(`pod ${namespace}/${name} could not be looked up`, cause)
    }
    // The runtime asks again if the pod still exists; if it is gone, so is the question.
    if (pod === undefined)
      throw new CniError(CNI_ERROR.tryAgainLater, `pod ${namespace}/${name} is not known`)
    return pod
  }

  /** A pod of which it can't be told whether it is in the mesh must not start outside of it. */
  async #decide(pod: Pod): Promise<MeshDecision> {
    try {
      return await this.#options.decide(pod)
    } catch (cause) {
      throw later(`whether pod ${pod.namespace}/${pod.name} is in the mesh cannot be told now`, cause)
    }
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

function later(message: string, cause: unknown): CniError {
  return new CniError(CNI_ERROR.tryAgainLater, message, messageOf(cause), cause)
}

function answerFor(decision: MeshDecision): CallAnswer {
  if (decision.mode === 'refused') throw new CniError(CNI_ERROR.podRefused, decision.error.message)
  return { decision: decision.mode, because: decision.because }
}

function required(ambient: AmbientCalls | undefined): AmbientCalls {
  if (ambient !== undefined) return ambient
  throw new CniError(CNI_ERROR.internal, 'a pod was decided to be ambient although ambient mode is off')
}

function asSeenHere(call: PodCall): PodCall {
  return { ...call, netns: netnsSeenHere(call.netns) }
}
