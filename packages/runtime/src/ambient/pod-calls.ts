import { basename } from 'node:path'
import { CNI_ERROR } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { CniError, messageOf } from '../errors.ts'
import type { AmbientRedirection } from '../mesh/ambient-redirection.ts'
import type { Pod } from '../mesh/pod.ts'
import { within } from './deadline.ts'
import type { DesiredPods } from './desired-pods.ts'
import type { EnrolledPod, EnrolledPods } from './enrolled-pods.ts'
import { EnrolmentError } from './errors.ts'
import { uidOf } from './known-pods.ts'
import type { Lanes } from './lanes.ts'
import type { PodEnrolment } from './pod-enrolment.ts'
import type { AmbientCall, AmbientObserver, Events, NamespaceHandles } from './ports.ts'

/** The plugin waits 1.5 s for the answer to a DEL, which is of no use to anybody. */
const delMs = 1_000
/** Two pods that were taken for one another must not wait for one another for ever. */
const claimMs = 2_000

export type PodCallsOptions = Readonly<{
  enrolled: EnrolledPods
  desired: DesiredPods
  enrolment: PodEnrolment
  lanes: Lanes
  handles: Pick<NamespaceHandles, 'inodeOf'>
  events: Events
  observer: AmbientObserver
  log: Logger
  addMs: number
}>

/** ADD and DEL of ambient pods. What takes longer than the plugin waits goes on after the answer. */
export class AmbientPodCalls {
  readonly #options: PodCallsOptions
  /** Pod, by namespace and name, to the uid under which its ADD runs: the caller's uid may be another or none. */
  readonly #adding = new Map<string, string>()

  constructor(options: PodCallsOptions) {
    this.#options = options
  }

  /** @throws CniError 11 that says what is missing, 101 when the pod cannot be redirected */
  async add(pod: Pod, redirection: AmbientRedirection, call: AmbientCall): Promise<void> {
    const { observer, log, addMs } = this.#options
    const started = performance.now()
    const work = this.#enrol(pod, redirection, call)
    try {
      await within(addMs, work, () => {
        throw new EnrolmentError('deadline', new Error(`it took longer than ${addMs} ms`))
      })
      observer.countEnrolment('add', 'done')
      const ms = Math.round(performance.now() - started)
      log.info({ pod: pod.name, namespace: pod.namespace, ms }, 'enrolled an ambient pod')
    } catch (error) {
      observer.countEnrolment('add', 'failed')
      throw this.#told(pod, error)
    } finally {
      observer.observePhase('total', (performance.now() - started) / 1000)
      observer.podsChanged(this.#options.desired.counts())
    }
  }

  /** Never rejects; a call about a sandbox that the pod has no longer changes nothing. */
  async remove(call: AmbientCall): Promise<void> {
    const { lanes, log } = this.#options
    const work = lanes.run(this.#laneOf(call), () => this.#letGo(call))
    const logged = work.catch((error: unknown) => {
      log.error({ pod: call.name, namespace: call.namespace, err: error }, 'failed to let an ambient pod go')
    })
    await within(delMs, logged, () => undefined)
  }

  async #enrol(pod: Pod, redirection: AmbientRedirection, call: AmbientCall): Promise<void> {
    const { lanes, desired, enrolment } = this.#options
    const uid = uidOf(pod)
    const name = nameOf(pod)
    this.#adding.set(name, uid)
    try {
      await lanes.run(uid, async () => {
        await within(claimMs, this.#claim(call.netns, uid), () => undefined)
        desired.arrived(uid)
        return enrolment.add(pod, redirection, call)
      })
    } finally {
      if (this.#adding.get(name) === uid) this.#adding.delete(name)
    }
  }

  /** The runtime's word counts more than what a search has found: a namespace that was taken for another pod's is not. */
  async #claim(netns: string, uid: string): Promise<void> {
    const { handles, enrolled, enrolment, lanes, log } = this.#options
    const inode = await handles.inodeOf(netns)
    const other = inode === undefined ? undefined : enrolled.otherIn(inode, uid)
    if (other === undefined) return
    log.warn({ pod: other.name, namespace: other.namespace, netns }, "an ambient pod had another's namespace")
    await lanes.run(other.uid, async () => {
      const held = enrolled.get(other.uid)
      if (held !== undefined && held.netns.inode === inode) await enrolment.leave(held, undefined, 'ignore')
    })
  }

  async #letGo(call: AmbientCall): Promise<void> {
    const { desired, enrolment, observer, log } = this.#options
    const held = this.#heldBy(call)
    if (held === undefined || !(await this.#isOf(held, call))) return
    desired.sandboxDeleted(held.uid)
    await enrolment.leave(held, undefined, 'ignore')
    observer.countLeave('del')
    observer.podsChanged(desired.counts())
    log.info({ pod: held.name, namespace: held.namespace, why: 'del' }, 'let an ambient pod go')
  }

  #laneOf(call: AmbientCall): string {
    return this.#adding.get(nameOf(call)) ?? this.#heldBy(call)?.uid ?? call.uid ?? nameOf(call)
  }

  #heldBy({ uid, namespace, name }: AmbientCall): EnrolledPod | undefined {
    const { enrolled } = this.#options
    return (uid === undefined ? undefined : enrolled.get(uid)) ?? enrolled.named(namespace, name)
  }

  /** Whether the call is about the sandbox that is held. */
  async #isOf(held: EnrolledPod, { containerId, netns }: AmbientCall): Promise<boolean> {
    if (containerId !== undefined && held.containerId !== undefined) return containerId === held.containerId
    const inode = await this.#options.handles.inodeOf(netns)
    return inode === undefined ? isSameFile(netns, held.path) : inode === held.netns.inode
  }

  #told(pod: Pod, error: unknown): CniError {
    const { log, events } = this.#options
    const code = error instanceof EnrolmentError ? error.code : 'rules'
    log.error({ pod: pod.name, namespace: pod.namespace, code, err: error }, 'failed to enrol an ambient pod')
    events.warn(pod, 'RedirectionFailed', `the pod could not join the ambient mesh: ${messageOf(error)}`)
    const name = nameOf(pod)
    const words = {
      rules: `ambient pod ${name} could not be redirected`,
      ztunnel: `ztunnel has not taken ambient pod ${name}`,
      probes: `the probes of ambient pod ${name} could not be let pass`,
      deadline: `pod ${name} could not join the ambient mesh in time`,
    }[code]
    const cni = code === 'rules' ? CNI_ERROR.rulesNotApplied : CNI_ERROR.tryAgainLater
    return new CniError(cni, words, messageOf(error), error)
  }
}

/**
 * The runtime and the search have the same file in different directories. The base name tells only where the runtime
 * gives namespaces names: it is `net` for all below /proc.
 */
const isSameFile = (one: string, other: string) =>
  one === other || (basename(one) === basename(other) && basename(one) !== 'net')

const nameOf = ({ namespace, name }: Readonly<{ namespace: string; name: string }>) => `${namespace}/${name}`
