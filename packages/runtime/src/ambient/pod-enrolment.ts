import { ANNOTATION } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { AmbientRedirection } from '../mesh/ambient-redirection.ts'
import type { Pod } from '../mesh/pod.ts'
import { podAddresses } from './addresses.ts'
import { type EnrolledPod, type EnrolledPods, workloadOf } from './enrolled-pods.ts'
import { EnrolmentError, orFail } from './errors.ts'
import { uidOf } from './known-pods.ts'
import { pathOf } from './namespace-handles.ts'
import type { Found } from './namespace-search.ts'
import type { PodRedirection } from './pod-redirection.ts'
import type {
  AmbientCall,
  AmbientObserver,
  Annotations,
  EnrolPhase,
  Events,
  NamespaceHandles,
  OpenNetns,
  PodNetworks,
  Ztunnel,
} from './ports.ts'
import { membersOf, type ProbeSet } from './probe-set.ts'
import { isMarked, markOf } from './reconcile.ts'

export type PodEnrolmentOptions = Readonly<{
  pods: EnrolledPods
  handles: NamespaceHandles
  networks: Pick<PodNetworks, 'addresses'>
  redirection: PodRedirection
  probes: ProbeSet
  ztunnel: Pick<Ztunnel, 'add' | 'remove' | 'state'>
  annotations: Annotations
  events: Events
  observer: AmbientObserver
  /** A pod is whole that was not. */
  joined: (uid: string) => void
  log: Logger
}>

/** What of a pod is, or should be, in the probe set. */
type Probed = Pick<EnrolledPod, 'uid' | 'addresses' | 'probed'>

/** What became of an attempt; `left` says what is missing, which time or another ztunnel may bring. */
export type Attempt = Readonly<{ left: string | undefined; of?: 'rules' | 'ztunnel' }>
const done: Attempt = { left: undefined }

/**
 * Brings one pod into the mesh or out of it. The callers see to it that only one thing is done with a pod at a time.
 *
 * Order: rules, then ztunnel and the probe set side by side, then the annotation. Out: the probe set, the rules if
 * the pod still runs, ztunnel, the annotation; the namespace is let go last, when no ztunnel may be sent it any more.
 */
export class PodEnrolment {
  readonly #options: PodEnrolmentOptions

  constructor(options: PodEnrolmentOptions) {
    this.#options = options
  }

  /**
   * ADD. Rejects with EnrolmentError: `rules` when nothing has been done; else the rules are there and the pod stays
   * held, for whatever comes first: a ztunnel, the DEL, the next ADD.
   */
  async add(pod: Pod, redirection: AmbientRedirection, call: AmbientCall): Promise<void> {
    const { handles, networks } = this.#options
    const enrolled = await orFail('rules', async () => {
      const netns = handles.open(call.netns)
      if (this.#isOthers(pod, netns)) {
        handles.close(netns)
        throw new Error('its network namespace has just been taken for that of another pod')
      }
      return this.#admitted(pod, netns, call.netns, call.containerId)
    })
    try {
      const { netns } = enrolled
      const known = call.addresses.length > 0 ? call.addresses : await networks.addresses(pathOf(netns))
      enrolled.addresses = podAddresses(known)
      await this.#timed('rules', () => this.#options.redirection.write(enrolled, redirection))
    } catch (error) {
      if (enrolled.probed.length > 0) await this.#unprobe(enrolled)
      await this.#letGo(enrolled)
      throw new EnrolmentError('rules', error)
    }
    enrolled.isOffered = true
    const results = await Promise.allSettled([
      orFail('ztunnel', () => this.#timed('ztunnel', () => this.#tellZtunnel(enrolled))),
      orFail('probes', () => this.#timed('probes', () => this.#probe(enrolled))),
    ])
    for (const result of results) if (result.status === 'rejected') throw result.reason
    this.#options.joined(enrolled.uid)
    this.#mark(pod, 'enabled')
  }

  /** Holds the namespace of a running pod, without changing anything. Throws NetnsError. */
  async hold(pod: Pod, { path, inode }: Found): Promise<EnrolledPod | undefined> {
    const { handles } = this.#options
    const netns = handles.open(path)
    if (netns.inode !== inode) {
      // The process whose path it was has ended since.
      handles.close(netns)
      return undefined
    }
    const addresses = await this.#addressesOf(pod, netns)
    if (this.#isOthers(pod, netns)) {
      handles.close(netns)
      return undefined
    }
    const enrolled = await this.#admitted(pod, netns, path, undefined)
    enrolled.addresses = addresses
    enrolled.rules = { kind: 'unexamined' }
    // A ztunnel that connects now may be serving it for long, if an agent has said so, or had nowhere to say it.
    enrolled.isOffered = isMarked(pod) || pod.phase === undefined
    return enrolled
  }

  async #addressesOf({ ips }: Pod, netns: OpenNetns): Promise<readonly string[]> {
    const { handles, networks } = this.#options
    try {
      return podAddresses(ips.length > 0 ? ips : await networks.addresses(pathOf(netns)))
    } catch (error) {
      handles.close(netns)
      throw error
    }
  }

  /** Compares everything of a held pod with what should be, and repairs it. Rejects with NetnsError. */
  async verify(enrolled: EnrolledPod, pod: Pod, redirection: AmbientRedirection): Promise<Attempt> {
    const { observer, joined, log } = this.#options
    const isJoining = !enrolled.isAcked && markOf(pod) !== 'enabled'
    const unseen = await this.#examine(enrolled, redirection)
    if (unseen !== undefined) return { left: unseen, of: 'rules' }
    const isNew = enrolled.rules.kind === 'unknown' && !isMarked(pod)
    if (isNew) await this.#timed('rules', () => this.#options.redirection.write(enrolled, redirection))
    else await this.#options.redirection.verify(enrolled, pod, redirection)
    enrolled.isOffered = true
    enrolled.isLeaving = false
    if (pod.ips.length > 0) enrolled.addresses = podAddresses(pod.ips)
    await this.#probe(enrolled)
    if (!enrolled.isAcked) {
      const problem = await this.#offer(enrolled, pod)
      if (problem !== undefined) {
        // A pod that was whole stays so to people while ztunnel restarts.
        if (!isMarked(pod)) this.#mark(pod, 'pending')
        return { left: problem, of: 'ztunnel' }
      }
    }
    this.#tellServedAgain(enrolled, pod)
    if (isJoining) {
      joined(enrolled.uid)
      observer.countEnrolment('running', 'done')
      log.info({ pod: pod.name, namespace: pod.namespace }, 'enrolled a running pod into the ambient mesh')
    }
    if (markOf(pod) !== 'enabled') this.#mark(pod, 'enabled')
    return done
  }

  /**
   * @param pod undefined when it is deleted
   * @param rules `ignore` where the namespace ends anyway
   */
  async leave(enrolled: EnrolledPod, pod: Pod | undefined, rules: 'remove' | 'ignore'): Promise<void> {
    const { redirection } = this.#options
    enrolled.isLeaving = true
    await this.#unprobe(enrolled)
    if (rules === 'remove') await redirection.clear(pathOf(enrolled.netns))
    await this.#letGo(enrolled)
    if (pod !== undefined && isMarked(pod)) this.#mark(pod, undefined)
  }

  /** What an earlier agent left of a pod outside of it; ztunnel may have been told to keep it. */
  async clean(pod: Pod, isDeleted: boolean): Promise<void> {
    const uid = uidOf(pod)
    await this.#unprobe({ uid, addresses: podAddresses(pod.ips), probed: [] })
    await this.#options.ztunnel.remove(uid)
    if (!isDeleted) this.unmark(pod)
  }

  unmark(pod: Pod): void {
    this.#mark(pod, undefined)
  }

  /** Puts what is new and takes out what is no more; most pods keep their addresses for life. */
  async #probe(enrolled: EnrolledPod): Promise<void> {
    const { uid, addresses, probed } = enrolled
    if (addresses.join() === probed.join()) return
    const { probes } = this.#options
    await probes.put(membersOf(enrolled))
    enrolled.probed = addresses
    const former = probed.filter((address) => !addresses.includes(address))
    if (former.length > 0) await probes.remove(membersOf({ uid, addresses: former }))
  }

  /** What cannot be taken out now is taken out when the set is next verified; nothing else has to wait for that. */
  async #unprobe(pod: Probed): Promise<void> {
    const { uid } = pod
    const addresses = [...new Set([...pod.addresses, ...pod.probed])]
    pod.probed = []
    try {
      await this.#options.probes.remove(membersOf({ uid, addresses }))
    } catch (error) {
      this.#options.log.warn({ uid, err: error }, 'could not take an ambient pod out of the probe set')
    }
  }

  /** @returns why nobody knows what rules the pod has */
  async #examine(enrolled: EnrolledPod, redirection: AmbientRedirection): Promise<string | undefined> {
    try {
      await this.#options.redirection.examine(enrolled, redirection)
      return undefined
    } catch (error) {
      const { name: pod, namespace } = enrolled
      const why = messageOf(error)
      this.#options.log.warn({ pod, namespace, why }, 'cannot tell what rules an ambient pod has')
      return why
    }
  }

  /** @returns why ztunnel does not serve it */
  async #offer(enrolled: EnrolledPod, pod: Pod): Promise<string | undefined> {
    if (this.#options.ztunnel.state().connections === 0) return 'no ztunnel is connected'
    try {
      await this.#timed('ztunnel', () => this.#tellZtunnel(enrolled))
      return undefined
    } catch (error) {
      const why = messageOf(error)
      if (markOf(pod) === 'enabled') enrolled.lostBecause = why
      return why
    }
  }

  /** Only of pods that are known to have been lost: many are just told again, to be sure, when a ztunnel went. */
  #tellServedAgain(enrolled: EnrolledPod, told: Pod): void {
    const { observer, log, events } = this.#options
    const { name: pod, namespace, lostBecause: why } = enrolled
    if (why === undefined) return
    enrolled.lostBecause = undefined
    observer.countDrift('ztunnel')
    log.warn({ pod, namespace, why }, 'ztunnel serves an ambient pod again that it had lost')
    events.warn(told, 'RedirectionRepaired', `ztunnel serves the pod again, which it had not taken: ${why}`)
  }

  async #tellZtunnel(enrolled: EnrolledPod): Promise<void> {
    await this.#options.ztunnel.add(workloadOf(enrolled))
    enrolled.isAcked = true
  }

  /** What is found by an address can be another pod's, where the address has gone from one to the other. */
  #isOthers(pod: Pod, { inode }: OpenNetns): boolean {
    const other = this.#options.pods.otherIn(inode, uidOf(pod))
    if (other === undefined) return false
    const fields = { pod: pod.name, namespace: pod.namespace, of: `${other.namespace}/${other.name}` }
    this.#options.log.warn(fields, 'what looks like the namespace of an ambient pod is that of another')
    return true
  }

  /** A pod that comes back in another sandbox is another workload to ztunnel; the same sandbox stays as it is. */
  async #admitted(pod: Pod, netns: OpenNetns, path: string, containerId?: string): Promise<EnrolledPod> {
    const { pods, handles, redirection } = this.#options
    const uid = uidOf(pod)
    const former = pods.get(uid)
    if (former?.netns.inode === netns.inode) {
      handles.close(netns)
      const same = { ...former, path, containerId: containerId ?? former.containerId }
      pods.put(same)
      return same
    }
    if (former !== undefined) await this.#letGo(former)
    const { name, namespace, serviceAccount } = pod
    const enrolled: EnrolledPod = {
      uid,
      name,
      namespace,
      serviceAccount,
      netns,
      path,
      containerId,
      addresses: [],
      // The former sandbox's addresses are in the set under the same uid: what the new one has not is taken out.
      probed: former?.probed ?? [],
      backend: redirection.backend,
      rules: { kind: 'unknown' },
      isDrifted: false,
      isAcked: false,
      lostBecause: undefined,
      isOffered: false,
      isLeaving: false,
    }
    if (pods.put(enrolled)) return enrolled
    handles.close(netns)
    throw new Error('this node has more ambient pods than an agent keeps')
  }

  /** First no ztunnel that connects is told of it, then those that are connected forget it, then it is closed. */
  async #letGo(enrolled: EnrolledPod): Promise<void> {
    const { pods, ztunnel, handles, log } = this.#options
    const wasOffered = enrolled.isOffered
    enrolled.isOffered = false
    pods.remove(enrolled)
    try {
      if (wasOffered) await ztunnel.remove(enrolled.uid)
    } catch (error) {
      log.warn(
        { pod: enrolled.name, namespace: enrolled.namespace, err: error },
        'ztunnel kept an ambient pod',
      )
    }
    handles.close(enrolled.netns)
  }

  /** Nobody waits for it: an API server that is away must not keep a pod from starting. */
  #mark(pod: Pod, value: 'enabled' | 'pending' | undefined): void {
    const { annotations, log } = this.#options
    annotations.annotate(pod, value).catch((error: unknown) => {
      const fields = { pod: pod.name, namespace: pod.namespace, why: messageOf(error) }
      log.warn(fields, `could not set the annotation ${ANNOTATION.ambientRedirection}`)
    })
  }

  async #timed<T>(phase: EnrolPhase, work: () => Promise<T>): Promise<T> {
    const started = performance.now()
    try {
      return await work()
    } finally {
      this.#options.observer.observePhase(phase, (performance.now() - started) / 1000)
    }
  }
}
