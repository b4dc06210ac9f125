import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { ambientRedirection } from '../mesh/ambient-redirection.ts'
import type { Pod } from '../mesh/pod.ts'
import { podAddresses } from './addresses.ts'
import type { DesiredPods } from './desired-pods.ts'
import type { EnrolledPod, EnrolledPods } from './enrolled-pods.ts'
import { type KnownPods, uidOf } from './known-pods.ts'
import type { NamespaceSearch } from './namespace-search.ts'
import type { PodEnrolment } from './pod-enrolment.ts'
import { isFor } from './pod-redirection.ts'
import type { AmbientObserver, AmbientOptionsSettings, Events, Ztunnel } from './ports.ts'
import { isUncompleted, type Step } from './reconcile.ts'
import { Turns } from './turns.ts'

/** Attempts to find a running pod's namespace before it waits for the next round. */
const searches = 6
/** A node that boots has pods in the API long before it has them itself. */
const missingMs = 60_000
/** Failures of one pod in a row before people are told. */
const failuresToTell = 3

export type ReconcilerOptions = Readonly<{
  known: KnownPods
  enrolled: EnrolledPods
  desired: DesiredPods
  search: NamespaceSearch
  enrolment: PodEnrolment
  ztunnel: Pick<Ztunnel, 'state'>
  settings: AmbientOptionsSettings
  events: Events
  observer: AmbientObserver
  /** A pod's kernel state was looked at, for so long. */
  verified: (seconds: number) => void
  log: Logger
  now: () => number
}>

/** @param verify look at the kernel even if nothing seems to have changed; `failures`: attempts before this one */
type Attempt = Readonly<{ verify: boolean; failures: number }>

/** Takes one pod one step nearer to where it should be. The callers see to it that there is one at a time of each. */
export class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #turns = new Turns()
  /** Since when the namespaces of running pods have been looked for in vain, and whether that was told. */
  readonly #missing = new Map<string, { since: number; isTold: boolean }>()
  #isClosed = false
  #willTellCounts = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  close(): void {
    this.#isClosed = true
  }

  /** `again` when something is missing that time may bring. */
  async reconcile(uid: string, attempt: Attempt): Promise<'done' | 'again'> {
    if (this.#isClosed) return 'done'
    const { desired } = this.#options
    const step = await desired.stepOf(uid)
    try {
      const missing = await this.#take(uid, step, attempt)
      desired.settle(uid)
      return missing === undefined ? 'done' : 'again'
    } catch (error) {
      this.#failed(uid, step, attempt, error)
      return 'again'
    } finally {
      if (!desired.isAwaited(uid)) this.#missing.delete(uid)
      this.#tellCounts()
    }
  }

  /** Once for all that happens in one turn of the event loop: to count them is to look at every pod. */
  #tellCounts(): void {
    if (this.#willTellCounts) return
    this.#willTellCounts = true
    setImmediate(() => {
      this.#willTellCounts = false
      const { desired, observer } = this.#options
      observer.podsChanged(desired.counts())
    })
  }

  /** Holds a running pod that belongs into the mesh, and changes nothing. @returns false when it is not found */
  async discover(uid: string): Promise<boolean> {
    await this.#turns.next()
    const { desired, known } = this.#options
    const step = await desired.stepOf(uid)
    if (step.kind === 'enrol') return (await this.#found(step.pod)) !== undefined || isUncompleted(step.pod)
    // One that an earlier agent has let start may run without an address that anybody has told: then by its processes.
    const pod = known.get(uid)
    if (pod !== undefined && pod.ips.length === 0 && desired.isAwaited(uid)) await this.#found(pod)
    return true
  }

  /** @returns what is missing and worth another attempt soon */
  async #take(uid: string, step: Step, attempt: Attempt): Promise<string | undefined> {
    const { enrolled, enrolment, log, observer } = this.#options
    const held = enrolled.get(uid)
    switch (step.kind) {
      case 'none':
        log.debug({ uid, because: step.because }, 'left an ambient question as it was')
        return undefined
      case 'enrol': {
        const found = await this.#found(step.pod)
        return found === undefined
          ? this.#notFound(step.pod, attempt)
          : this.#verify(found, step.pod, attempt)
      }
      case 'verify':
        if (held === undefined || !(attempt.verify || this.#mayDiffer(held, step.pod))) return undefined
        return this.#verify(held, step.pod, attempt)
      case 'leave':
        if (held === undefined) return undefined
        await enrolment.leave(held, step.pod, step.rules)
        observer.countLeave(step.because)
        log.info({ pod: held.name, namespace: held.namespace, why: step.because }, 'let an ambient pod go')
        return undefined
      case 'take-out':
        return this.#takeOut(step.pod, attempt)
      case 'clean':
        await enrolment.clean(step.pod, step.because === 'deleted')
        return undefined
      case 'unmark':
        enrolment.unmark(step.pod)
        return undefined
    }
  }

  async #verify(held: EnrolledPod, pod: Pod, { failures }: Attempt): Promise<string | undefined> {
    const { settings, observer, ztunnel, events, enrolment, verified } = this.#options
    const started = performance.now()
    const { redirection } = ambientRedirection(pod, settings)
    try {
      const { left, of } = await enrolment.verify(held, pod, redirection)
      const what =
        of === 'rules'
          ? 'nobody can tell what rules the pod has'
          : 'the pod is redirected, but ztunnel does not serve it'
      if (left !== undefined && failures + 1 === failuresToTell)
        events.warn(pod, 'EnrolmentPending', `${what}: ${left}`)
      // A ztunnel that connects is a reason of its own to look again.
      return of === 'ztunnel' && ztunnel.state().connections === 0 ? undefined : left
    } finally {
      const seconds = (performance.now() - started) / 1000
      observer.observePhase('verify', seconds)
      verified(seconds)
    }
  }

  async #takeOut(pod: Pod, { failures }: Attempt): Promise<string | undefined> {
    const { enrolment, observer, log } = this.#options
    const found = await this.#found(pod)
    if (found === undefined && failures < searches) return 'its network namespace'
    if (found === undefined) await enrolment.clean(pod, false)
    else await enrolment.leave(found, pod, 'remove')
    observer.countLeave('unlabelled')
    log.info({ pod: pod.name, namespace: pod.namespace }, 'took a pod out of the ambient mesh')
    return undefined
  }

  /** Cheap: what the API told may change what a held pod needs. */
  #mayDiffer(held: EnrolledPod, pod: Pod): boolean {
    const { redirection } = ambientRedirection(pod, this.#options.settings)
    const addresses = podAddresses(pod.ips)
    return (
      !isFor(held.rules, redirection) ||
      (!held.isAcked && this.#options.ztunnel.state().connections > 0) ||
      (addresses.length > 0 && addresses.join() !== held.addresses.join())
    )
  }

  async #found(pod: Pod): Promise<EnrolledPod | undefined> {
    const { search, enrolment, desired } = this.#options
    // The cgroups of a static pod's processes name it as the kubelet does.
    const found = await search.find(pod.staticUid ?? uidOf(pod), podAddresses(pod.ips))
    await this.#turns.next()
    // Whatever was held after the end would stay open.
    if (found === undefined || this.#isClosed) return undefined
    const held = await enrolment.hold(pod, found)
    if (held !== undefined) {
      desired.found(held.uid)
      this.#missing.delete(held.uid)
    }
    return held
  }

  #notFound(pod: Pod, { failures }: Attempt): string | undefined {
    const { events, observer, log, now } = this.#options
    if (isUncompleted(pod)) return undefined
    const missing = this.#missing.get(uidOf(pod)) ?? { since: now(), isTold: false }
    this.#missing.set(uidOf(pod), missing)
    if (!missing.isTold && now() - missing.since >= missingMs) {
      missing.isTold = true
      const message =
        'the pod is not in the ambient mesh yet: nothing proves which network namespace is its own'
      observer.countEnrolment('running', 'failed')
      events.warn(pod, 'EnrolmentPending', message)
      log.warn({ pod: pod.name, namespace: pod.namespace }, message)
    }
    return failures < searches ? 'its network namespace' : undefined
  }

  #failed(uid: string, step: Step, { failures }: Attempt, error: unknown): void {
    const { known, events, log } = this.#options
    const pod = known.get(uid)
    const fields = { uid, pod: pod?.name, namespace: pod?.namespace, step: step.kind }
    log.warn({ ...fields, err: error }, 'a step of an ambient pod failed, will try again')
    if (pod === undefined || failures + 1 !== failuresToTell) return
    const what = step.kind === 'leave' || step.kind === 'take-out' ? 'leave' : 'join'
    events.warn(pod, 'RedirectionFailed', `the pod cannot ${what} the ambient mesh: ${messageOf(error)}`)
  }
}
