import { CNI_ERROR } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { CniError, messageOf } from '../errors.ts'
import { type AmbientRedirection, ambientRedirection } from '../mesh/ambient-redirection.ts'
import type { Pod } from '../mesh/pod.ts'
import type { Difference } from '../netns/index.ts'
import { podAddresses } from './addresses.ts'
import { Backlog } from './backlog.ts'
import { within } from './deadline.ts'
import { type EnrolledPod, EnrolledPods, isWhole } from './enrolled-pods.ts'
import { EnrolmentError } from './errors.ts'
import { KnownPods, uidOf } from './known-pods.ts'
import { Lanes } from './lanes.ts'
import { Membership } from './membership.ts'
import { namespaceHandles } from './namespace-handles.ts'
import { NamespaceSearch } from './namespace-search.ts'
import { NodeRules } from './node-rules.ts'
import { PodEnrolment } from './pod-enrolment.ts'
import { isFor, PodRedirection, type ProgramFor } from './pod-redirection.ts'
import type {
  AmbientCall,
  AmbientObserver,
  AmbientOptionsSettings,
  Annotations,
  Events,
  FindNamespaces,
  HostRules,
  NamespaceHandles,
  Namespaces,
  PodNetworks,
  Pods,
  Workload,
  Ztunnel,
} from './ports.ts'
import { type Claim, ProbeSet } from './probe-set.ts'
import { ambientProgram } from './program.ts'
import { type Desired, isMarked, type Step, stepFor } from './reconcile.ts'
import { Rotation } from './rotation.ts'

export type AmbientPodsOptions = Readonly<{
  pods: Pods
  namespaces: Namespaces
  networks: PodNetworks
  host: HostRules
  ztunnel: Ztunnel
  annotations: Annotations
  events: Events
  observer: AmbientObserver
  settings: AmbientOptionsSettings
  log: Logger
  find: FindNamespaces
  programFor?: ProgramFor
  handles?: NamespaceHandles
  /** Milliseconds in which every pod's kernel state is looked at once. @default 30000 */
  verifyMs?: number
  /** Milliseconds for an ADD: less than the plugin waits for its answer. @default 9500 */
  addMs?: number
  /** Milliseconds since the epoch. */
  now?: () => number
}>

/** The plugin waits 1.5 s for the answer to a DEL, which is of no use to anybody. */
const delMs = 1_000
/** A beat of ztunnel's server that is older means that its loop hangs. */
const oldestBeatMs = 30_000
/** For so long after a DEL what is found of the pod may be its end; a pod that lives on gets an ADD. */
const sandboxGoneMs = 60_000
/** Attempts to find a running pod's namespace before it waits for the next round. */
const searches = 6
/** Failures of one pod before people are told. */
const failuresToTell = 3

/**
 * The ambient pods of this node. What should be comes from the API's caches, what is from the kernel and from
 * ztunnel's acks; of every pod the difference is closed, step by step, whenever something may have changed and at
 * least once in a round of the clock.
 */
export class AmbientPods {
  readonly #options: AmbientPodsOptions
  readonly #now: () => number
  readonly #programFor: ProgramFor
  readonly #handles: NamespaceHandles
  readonly #enrolled = new EnrolledPods()
  readonly #known: KnownPods
  readonly #membership: Membership
  readonly #search: NamespaceSearch
  readonly #redirection: PodRedirection
  readonly #enrolment: PodEnrolment
  readonly #nodeRules: NodeRules
  readonly #lanes = new Lanes()
  readonly #backlog: Backlog
  readonly #rotation: Rotation
  /** By uid, as last looked at; pods that have not been looked at yet are missing. */
  readonly #desired = new Map<string, 'enrolled' | 'outside' | 'unknown'>()
  /** When the runtime deleted their sandbox. */
  readonly #sandboxGone = new Map<string, number>()
  /** What the last ztunnel that connected was told. */
  #snapshot: readonly EnrolledPod[] = []
  /** Of this round. */
  #verifySeconds = 0
  #hasBegun = false
  #isClosed = false

  constructor(options: AmbientPodsOptions) {
    const { networks, settings, events, observer, log, ztunnel, annotations, host } = options
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#programFor = options.programFor ?? ambientProgram
    this.#handles = options.handles ?? namespaceHandles
    this.#search = new NamespaceSearch(options.find)
    this.#known = new KnownPods(options.pods, (uids, what) => {
      if (what !== 'list') observer.countPodChange(what)
      this.#look(uids)
    })
    options.namespaces.onChange((name) =>
      this.#look(name === undefined ? this.#known.uids() : this.#known.uidsIn(name)),
    )
    this.#membership = new Membership({ ...options, known: this.#known })
    this.#redirection = new PodRedirection({
      networks,
      programFor: this.#programFor,
      nativeNftables: settings.nativeNftables,
      changesRunningPods: settings.ambientReconcilePodRulesOnStartup,
      events,
      observer,
      log,
    })
    this.#enrolment = new PodEnrolment({
      pods: this.#enrolled,
      handles: this.#handles,
      networks,
      redirection: this.#redirection,
      probes: new ProbeSet(host),
      ztunnel,
      annotations,
      observer,
      log,
    })
    this.#nodeRules = new NodeRules({ host, observer, log })
    this.#backlog = new Backlog({
      parallel: 2,
      work: (uid, item) => this.#lanes.run(uid, () => this.#reconcile(uid, item)),
    })
    this.#rotation = new Rotation({
      intervalMs: options.verifyMs ?? 30_000,
      keys: () => this.#toVerify(),
      visit: (uid) => this.#backlog.add(uid, { verify: true, delayMs: 0 }),
      roundEnded: (pods) => {
        observer.observeVerification(pods, this.#verifySeconds)
        this.#verifySeconds = 0
        this.#endRound()
      },
    })
  }

  /** Resolves when calls can be served; what runs already is found as soon as the API's caches are there. */
  async start(): Promise<void> {
    await this.#nodeRules.start()
    void this.#begin()
  }

  /** What a ztunnel that connects now has to serve. */
  workloads(): readonly Workload[] {
    this.#snapshot = this.#enrolled.all().filter(({ isOffered }) => isOffered)
    return [...this.#enrolled.workloads(), ...this.#workloadsToKeep()]
  }

  /** ZtunnelObserver.connectionsChanged */
  ztunnelConnectionsChanged(count: number): void {
    if (count > 0) return
    for (const pod of this.#enrolled.all()) pod.isAcked = false
    this.#count()
  }

  /** ZtunnelObserver.snapshotAcked: which were refused is not said, so that all are offered again. */
  ztunnelSnapshotAcked(refused: number): void {
    for (const pod of this.#snapshot) pod.isAcked = refused === 0
    this.#look(this.#toVerify(), true)
  }

  /** @throws CniError 11 that says what is missing, 101 when the pod cannot be redirected */
  async add(
    pod: Pod,
    { redirection }: { redirection: AmbientRedirection },
    call: AmbientCall,
  ): Promise<void> {
    const { observer, addMs = 9_500 } = this.#options
    const uid = uidOf(pod)
    const started = performance.now()
    const work = this.#lanes.run(uid, async () => {
      this.#sandboxGone.delete(uid)
      this.#desired.set(uid, 'enrolled')
      await this.#enrolment.add(pod, redirection, call)
    })
    try {
      await within(addMs, work, () => {
        throw new EnrolmentError('deadline', new Error(`it took longer than ${addMs} ms`))
      })
      observer.countEnrolment('add', 'done')
      const ms = Math.round(performance.now() - started)
      this.#options.log.info({ pod: pod.name, namespace: pod.namespace, ms }, 'enrolled an ambient pod')
    } catch (error) {
      observer.countEnrolment('add', 'failed')
      throw this.#told(pod, error)
    } finally {
      observer.observePhase('total', (performance.now() - started) / 1000)
      this.#count()
    }
  }

  /** What differs from what ADD made; empty when nothing does. */
  async check(
    pod: Pod,
    { redirection }: { redirection: AmbientRedirection },
    call: AmbientCall,
  ): Promise<readonly Difference[]> {
    const held = this.#enrolled.get(uidOf(pod))
    if (held !== undefined) return this.#redirection.differences(held, redirection)
    return this.#options.networks.verifyRules(
      call.netns,
      this.#programFor(redirection, this.#redirection.backend),
    )
  }

  /** DEL. Never rejects; a call about a sandbox that the pod has no longer changes nothing. */
  async remove(call: AmbientCall): Promise<void> {
    const held = this.#heldBy(call)
    const uid = held?.uid ?? call.uid ?? `${call.namespace}/${call.name}`
    const work = this.#lanes.run(uid, async () => {
      const now = this.#heldBy(call)
      if (now === undefined || !(await this.#isOf(now, call))) return
      if (this.#known.get(now.uid) !== undefined) this.#sandboxGone.set(now.uid, this.#now())
      await this.#enrolment.leave(now, undefined, 'ignore')
      this.#left(now, 'del')
    })
    const logged = work.catch((error: unknown) => {
      this.#options.log.error(
        { pod: call.name, namespace: call.namespace, err: error },
        'failed to let an ambient pod go',
      )
    })
    await within(delMs, logged, () => undefined)
  }

  /** Empty when ambient pods can be served. */
  unreadyReasons(): readonly string[] {
    const { namespaces, settings, ztunnel } = this.#options
    const { problem, lastBeat } = ztunnel.state()
    const beatAge = this.#now() - lastBeat
    const reasons = [
      this.#nodeRules.problem,
      this.#hasBegun ? undefined : 'the ambient pods of this node are not known yet',
      settings.ambientReadyNeedsZtunnel ? problem : undefined,
      this.#hasBegun && beatAge > oldestBeatMs
        ? `ztunnel's server has not moved for ${Math.round(beatAge / 1000)} s`
        : undefined,
    ]
    return [...namespaces.unreadyReasons(), ...reasons.filter((reason) => reason !== undefined)]
  }

  /**
   * Pods keep their rules, as the original's do, and ztunnel keeps serving them: the agent that follows takes over.
   * @param uninstall take away what is outside of the pods, too
   */
  async close({ uninstall }: { uninstall: boolean }): Promise<void> {
    this.#isClosed = true
    this.#rotation.stop()
    this.#backlog.close()
    // Before anything is let go: a ztunnel that connected now would take a shorter list for the truth.
    await this.#options.ztunnel.close()
    await within(5_000, this.#lanes.idle(), () => undefined)
    await this.#nodeRules.close(uninstall)
    for (const pod of this.#enrolled.all()) {
      this.#enrolled.remove(pod)
      this.#handles.close(pod.netns)
    }
  }

  /** ztunnel gets its first list when it can be whole: of what is missing in it, ztunnel forgets what it serves. */
  async #begin(): Promise<void> {
    while (!this.#isClosed && !this.#areCachesReady()) await pause(100)
    for (let attempt = 0; attempt < 3 && !this.#isClosed; attempt++) {
      if (attempt > 0) await pause(500)
      if (this.#isClosed || (await this.#discover())) break
    }
    while (!this.#isClosed && !(await this.#startZtunnel())) await pause(1_000)
    if (this.#isClosed) return
    this.#hasBegun = true
    this.#options.log.info({ pods: this.#enrolled.all().length }, 'holds the ambient pods of this node')
    this.#look([...this.#known.uids(), ...this.#known.goneUids()], true)
    this.#endRound()
    this.#rotation.start()
  }

  #areCachesReady(): boolean {
    return this.#known.isListed && this.#options.namespaces.unreadyReasons().length === 0
  }

  /** @returns whether every running pod that belongs into the mesh is held */
  async #discover(): Promise<boolean> {
    const results = await Promise.all(
      this.#known.uids().map((uid) => this.#lanes.run(uid, () => this.#hold(uid))),
    )
    return results.every((isHeld) => isHeld)
  }

  async #hold(uid: string): Promise<boolean> {
    const desired = await this.#desiredOf(uid)
    const step = this.#stepOf(uid, desired)
    if (step.kind !== 'enrol') return true
    return (await this.#found(step.pod)) !== undefined
  }

  async #startZtunnel(): Promise<boolean> {
    try {
      await this.#options.ztunnel.start()
      return true
    } catch (error) {
      this.#options.log.error({ err: error }, "failed to serve ztunnel's socket for ambient pods")
      return false
    }
  }

  #look(uids: readonly string[], verify = false): void {
    if (!this.#hasBegun || this.#isClosed) return
    for (const uid of uids) this.#backlog.add(uid, { verify })
  }

  async #reconcile(uid: string, item: { verify: boolean; failures: number }): Promise<'done' | 'again'> {
    if (this.#isClosed) return 'done'
    const step = this.#stepOf(uid, await this.#desiredOf(uid))
    try {
      const missing = await this.#take(uid, step, item)
      this.#count()
      return missing === undefined ? 'done' : 'again'
    } catch (error) {
      const pod = this.#known.get(uid)
      const fields = { uid, pod: pod?.name, namespace: pod?.namespace, step: step.kind }
      this.#options.log.warn({ ...fields, err: error }, 'a step of an ambient pod failed, will try again')
      if (pod !== undefined && item.failures + 1 === failuresToTell) {
        const what = step.kind === 'leave' || step.kind === 'take-out' ? 'leave' : 'join'
        const message = `the pod cannot ${what} the ambient mesh: ${messageOf(error)}`
        this.#options.events.warn(pod, 'RedirectionFailed', message)
      }
      return 'again'
    }
  }

  /** @returns what is missing and worth another attempt soon */
  async #take(
    uid: string,
    step: Step,
    { verify, failures }: { verify: boolean; failures: number },
  ): Promise<string | undefined> {
    const { log, observer } = this.#options
    const held = this.#enrolled.get(uid)
    switch (step.kind) {
      case 'none':
        log.debug({ uid, because: step.because }, 'left an ambient question as it was')
        return this.#settled(uid)
      case 'enrol': {
        const found = await this.#found(step.pod)
        return found === undefined
          ? this.#notFound(step.pod, failures)
          : this.#verify(found, step.pod, failures)
      }
      case 'verify':
        if (held === undefined || !(verify || this.#mayDiffer(held, step.pod))) return undefined
        return this.#verify(held, step.pod, failures)
      case 'leave':
        if (held === undefined) return undefined
        await this.#enrolment.leave(held, step.pod, step.rules)
        this.#left(held, step.because)
        return this.#settled(uid)
      case 'take-out': {
        const found = await this.#found(step.pod)
        if (found === undefined && failures < searches) return 'its network namespace'
        if (found === undefined) await this.#enrolment.clean(step.pod, false)
        else await this.#enrolment.leave(found, step.pod, 'remove')
        observer.countLeave('unlabelled')
        log.info({ pod: step.pod.name, namespace: step.pod.namespace }, 'took a pod out of the ambient mesh')
        return undefined
      }
      case 'unmark':
        this.#enrolment.unmark(step.pod)
        return undefined
      case 'clean':
        await this.#enrolment.clean(step.pod, step.because === 'deleted')
        return this.#settled(uid)
    }
  }

  /** Whoever is gone needs no memory any more. */
  #settled(uid: string): undefined {
    if (this.#known.get(uid) !== undefined || this.#enrolled.get(uid) !== undefined) return undefined
    this.#known.forget(uid)
    this.#desired.delete(uid)
    this.#sandboxGone.delete(uid)
    return undefined
  }

  async #verify(held: EnrolledPod, pod: Pod, failures: number): Promise<string | undefined> {
    const { settings, observer, ztunnel, events } = this.#options
    const started = performance.now()
    const { redirection } = ambientRedirection(pod, settings)
    try {
      const { left } = await this.#enrolment.verify(held, pod, redirection)
      if (left !== undefined && failures + 1 === failuresToTell)
        events.warn(pod, 'EnrolmentPending', `the pod is redirected, but ztunnel does not serve it: ${left}`)
      // A ztunnel that connects is a reason of its own to look again.
      return ztunnel.state().connections === 0 ? undefined : left
    } finally {
      const seconds = (performance.now() - started) / 1000
      this.#verifySeconds += seconds
      observer.observePhase('verify', seconds)
    }
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
    const found = await this.#search.find(uidOf(pod), podAddresses(pod.ips))
    const held = found === undefined || this.#isClosed ? undefined : await this.#enrolment.hold(pod, found)
    if (held !== undefined) this.#sandboxGone.delete(held.uid)
    return held
  }

  #notFound(pod: Pod, failures: number): string | undefined {
    if (failures + 1 === failuresToTell) {
      this.#options.observer.countEnrolment('running', 'failed')
      const message =
        'the pod is not in the ambient mesh yet: nothing proves which network namespace is its own'
      this.#options.events.warn(pod, 'EnrolmentPending', message)
      this.#options.log.warn({ pod: pod.name, namespace: pod.namespace }, `ambient: ${message}`)
    }
    return failures < searches ? 'its network namespace' : undefined
  }

  async #desiredOf(uid: string): Promise<Desired> {
    const desired = await this.#membership.of(uid, this.#enrolled.get(uid))
    if (desired.kind === 'gone') this.#desired.delete(uid)
    else this.#desired.set(uid, desired.kind)
    return desired
  }

  #stepOf(uid: string, desired: Desired): Step {
    const isHeld = this.#enrolled.get(uid) !== undefined
    const goneAt = this.#sandboxGone.get(uid) ?? Number.NEGATIVE_INFINITY
    return stepFor(desired, { isHeld, isSandboxGone: this.#now() - goneAt < sandboxGoneMs })
  }

  #heldBy({ uid, namespace, name }: AmbientCall): EnrolledPod | undefined {
    const byUid = uid === undefined ? undefined : this.#enrolled.get(uid)
    return byUid ?? this.#enrolled.named(namespace, name)
  }

  /** Whether the call is about the sandbox that is held. */
  async #isOf(held: EnrolledPod, { containerId, netns }: AmbientCall): Promise<boolean> {
    if (containerId !== undefined && held.containerId !== undefined) return containerId === held.containerId
    const inode = await this.#handles.inodeOf(netns)
    return inode === undefined ? netns === held.path : inode === held.netns.inode
  }

  #left({ name, namespace }: EnrolledPod, why: 'del' | 'deleted' | 'ended' | 'unlabelled'): void {
    this.#options.observer.countLeave(why)
    this.#options.log.info({ pod: name, namespace, why }, 'let an ambient pod go')
    this.#count()
  }

  #told(pod: Pod, error: unknown): CniError {
    const { log, events } = this.#options
    const code = error instanceof EnrolmentError ? error.code : 'rules'
    const name = `${pod.namespace}/${pod.name}`
    log.error({ pod: pod.name, namespace: pod.namespace, code, err: error }, 'failed to enrol an ambient pod')
    events.warn(pod, 'RedirectionFailed', `the pod could not join the ambient mesh: ${messageOf(error)}`)
    const words = {
      rules: `pod ${name} could not be redirected`,
      ztunnel: `ztunnel has not taken pod ${name}`,
      probes: `the probes of pod ${name} could not be let pass`,
      deadline: `pod ${name} could not join the ambient mesh in time`,
    }[code]
    const cni = code === 'rules' ? CNI_ERROR.rulesNotApplied : CNI_ERROR.tryAgainLater
    return new CniError(cni, words, messageOf(error), error)
  }

  #toVerify(): readonly string[] {
    const wanted = [...this.#desired].filter(([, kind]) => kind === 'enrolled').map(([uid]) => uid)
    return [...new Set([...wanted, ...this.#enrolled.all().map(({ uid }) => uid)])]
  }

  /** Once in a round: the node's own rules and sets, and everybody's membership. */
  #endRound(): void {
    this.#look([...this.#known.uids(), ...this.#known.goneUids()])
    this.#count()
    void this.#nodeRules.verify(
      () => this.#claims(),
      () => this.#areClaimsComplete(),
    )
  }

  /** Held pods come last: of two claims to an address theirs is the one that the runtime made. */
  #claims(): readonly Claim[] {
    const held = this.#enrolled.all().filter(({ isLeaving }) => !isLeaving)
    const others = [...this.#wantedUnheld()].map((pod) => ({
      uid: uidOf(pod),
      addresses: podAddresses(pod.ips),
    }))
    return [...others, ...held]
  }

  #areClaimsComplete(): boolean {
    if (!this.#areCachesReady()) return false
    const uids = this.#known.uids()
    const areKnown = uids.every((uid) => ['enrolled', 'outside'].includes(this.#desired.get(uid) ?? ''))
    return areKnown && this.#claims().every(({ addresses }) => addresses.length > 0)
  }

  *#wantedUnheld(): Iterable<Pod> {
    for (const [uid, kind] of this.#desired) {
      if (kind !== 'enrolled' || this.#enrolled.get(uid) !== undefined || this.#sandboxGone.has(uid)) continue
      const pod = this.#known.get(uid)
      if (pod !== undefined) yield pod
    }
  }

  /** Pods that an agent once enrolled and that have not been found (yet): ztunnel may be serving them. */
  #workloadsToKeep(): readonly Workload[] {
    return [...this.#wantedUnheld()].filter(isMarked).map((pod) => ({
      uid: uidOf(pod),
      name: pod.name,
      namespace: pod.namespace,
      serviceAccount: pod.serviceAccount,
      netns: -1,
    }))
  }

  #count(): void {
    const desired = [...this.#desired.values()].filter((kind) => kind === 'enrolled').length
    const enrolled = this.#enrolled.all().filter(isWhole).length
    const counts = { desired, enrolled, unenrolled: Math.max(0, desired - enrolled) }
    this.#options.observer.podsChanged(counts)
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
