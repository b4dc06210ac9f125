import type { Logger } from 'pino'
import type { AmbientRedirection } from '../mesh/ambient-redirection.ts'
import type { Pod } from '../mesh/pod.ts'
import { Backlog } from './backlog.ts'
import { pause, within } from './deadline.ts'
import { DesiredPods } from './desired-pods.ts'
import { EnrolledPods } from './enrolled-pods.ts'
import { FirstLooks } from './first-looks.ts'
import { KnownPods, uidOf } from './known-pods.ts'
import { Lanes } from './lanes.ts'
import { Leftovers } from './leftovers.ts'
import { Membership } from './membership.ts'
import { namespaceHandles } from './namespace-handles.ts'
import { NamespaceSearch } from './namespace-search.ts'
import { NodeRules } from './node-rules.ts'
import { AmbientPodCalls } from './pod-calls.ts'
import { PodCheck } from './pod-check.ts'
import { PodEnrolment } from './pod-enrolment.ts'
import { PodRedirection, type ProgramFor } from './pod-redirection.ts'
import type {
  AmbientCall,
  AmbientObserver,
  AmbientOptionsSettings,
  Annotations,
  Events,
  Finding,
  FindNamespaces,
  HostRules,
  NamespaceHandles,
  Namespaces,
  OwnPod,
  PodNetworks,
  Pods,
  ProbeMember,
  TakenSnapshot,
  Workload,
  Ztunnel,
} from './ports.ts'
import { ProbeSet } from './probe-set.ts'
import { ambientProgram } from './program.ts'
import { isEnded } from './reconcile.ts'
import { Reconciler } from './reconciler.ts'
import { Rotation } from './rotation.ts'
import { ZtunnelLink } from './ztunnel-link.ts'

export type AmbientPodsOptions = Readonly<{
  pods: Pods
  namespaces: Namespaces
  networks: PodNetworks
  host: HostRules
  ztunnel: Ztunnel
  annotations: Annotations
  events: Events
  /** @default nobody is told of the node's own rules but by the log */
  ownPod?: OwnPod
  observer: AmbientObserver
  settings: AmbientOptionsSettings
  log: Logger
  find: FindNamespaces
  /** @default the rules of ambient pods */
  programFor?: ProgramFor
  /** @default descriptors of this process */
  handles?: NamespaceHandles
  /** Milliseconds in which every pod's kernel state is looked at once. @default 30000 */
  verifyMs?: number
  /** Milliseconds for an ADD: less than the plugin waits for its answer. @default 9500 */
  addMs?: number
  /** Milliseconds since the epoch. @default Date.now */
  now?: () => number
}>

type Redirected = Readonly<{ redirection: AmbientRedirection }>

/** A beat of ztunnel's server that is older means that its loop hangs. */
const oldestBeatMs = 30_000
/** For so long ztunnel waits for its first list: one pod that cannot be looked at must not keep it from all. */
const discoveryMs = 10_000

/**
 * The ambient pods of this node. What should be comes from the API's caches, what is from the kernel and from
 * ztunnel's acks; of every pod the difference is closed, step by step, whenever something may have changed and at
 * least once in a round of the clock.
 */
export class AmbientPods {
  readonly #options: AmbientPodsOptions
  readonly #now: () => number
  readonly #handles: NamespaceHandles
  readonly #enrolled = new EnrolledPods()
  readonly #lanes = new Lanes()
  readonly #known: KnownPods
  readonly #desired: DesiredPods
  readonly #check: PodCheck
  readonly #reconciler: Reconciler
  readonly #calls: AmbientPodCalls
  readonly #link: ZtunnelLink
  readonly #nodeRules: NodeRules
  readonly #backlog: Backlog
  readonly #rotation: Rotation
  readonly #firstLooks: FirstLooks
  readonly #leftovers: Leftovers
  /** Looks at pods' kernel state in this round, and the time that they took. */
  #verified = { pods: 0, seconds: 0 }
  #hasBegun = false
  #isClosed = false

  constructor(options: AmbientPodsOptions) {
    const { settings, observer, namespaces, host } = options
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#handles = options.handles ?? namespaceHandles
    const { programFor = ambientProgram } = options
    const enrolled = this.#enrolled
    const lanes = this.#lanes
    this.#known = new KnownPods(
      options.pods,
      (uids) => this.#look(uids),
      (kind) => observer.countPodChange(kind),
    )
    namespaces.onChange((name) =>
      this.#look(name === undefined ? this.#known.uids() : this.#known.uidsIn(name)),
    )
    const known = this.#known
    const membership = new Membership({ ...options, known })
    this.#desired = new DesiredPods({ known, enrolled, membership, now: this.#now })
    const desired = this.#desired
    const redirection = new PodRedirection({
      ...options,
      programFor,
      nativeNftables: settings.nativeNftables,
      changesRunningPods: settings.ambientReconcilePodRulesOnStartup,
    })
    const handles = this.#handles
    const probes = new ProbeSet(host)
    this.#check = new PodCheck({ ...options, enrolled, redirection, programFor })
    this.#firstLooks = new FirstLooks((uid) => this.#look([uid], true))
    const enrolment = new PodEnrolment({
      ...options,
      pods: enrolled,
      handles,
      redirection,
      probes,
      joined: (uid) => this.#firstLooks.joined(uid),
    })
    const search = new NamespaceSearch((wanted) => options.find(wanted, this.#residents()))
    this.#reconciler = new Reconciler({
      ...options,
      known,
      enrolled,
      desired,
      search,
      enrolment,
      verified: (seconds) => {
        this.#verified = { pods: this.#verified.pods + 1, seconds: this.#verified.seconds + seconds }
      },
      now: this.#now,
    })
    this.#leftovers = new Leftovers({
      ...options,
      known,
      enrolled,
      desired,
      search,
      handles,
      redirection,
      lanes,
    })
    const { addMs = 9_500 } = options
    this.#calls = new AmbientPodCalls({ ...options, enrolled, desired, enrolment, lanes, handles, addMs })
    this.#link = new ZtunnelLink({
      enrolled,
      desired,
      changed: (verify) => this.#look(desired.uids(), verify),
    })
    this.#nodeRules = new NodeRules({ ...options, refilled: (members) => this.#tellRefilled(members) })
    this.#backlog = new Backlog({
      work: (uid, attempt) => lanes.run(uid, () => this.#reconciler.reconcile(uid, attempt)),
    })
    this.#rotation = new Rotation({
      intervalMs: options.verifyMs ?? 30_000,
      keys: () => enrolled.all().map(({ uid }) => uid),
      visit: (uid) => this.#backlog.add(uid, { verify: true, delayMs: 0 }),
      roundEnded: () => this.#endRound(),
    })
  }

  /** Resolves when calls can be served; what runs already is found as soon as the API's caches are there. */
  async start(): Promise<void> {
    await this.#nodeRules.start()
    void this.#begin()
  }

  /** What a ztunnel that connects now has to serve. */
  workloads(): readonly Workload[] {
    return this.#link.workloads()
  }

  /** ZtunnelObserver.newestGone */
  ztunnelGone(): void {
    this.#link.newestGone()
    this.#options.observer.podsChanged(this.#desired.counts())
  }

  /** ZtunnelObserver.snapshotAcked */
  ztunnelSnapshotAcked(snapshot: TakenSnapshot): void {
    this.#link.snapshotAcked(snapshot)
  }

  /** @throws CniError 11 that says what is missing, 101 when the pod cannot be redirected */
  add(pod: Pod, { redirection }: Redirected, call: AmbientCall): Promise<void> {
    return this.#calls.add(pod, redirection, call)
  }

  /** What differs from what ADD made: rules, ztunnel's ack, the probe set; empty when nothing does. */
  check(pod: Pod, { redirection }: Redirected, call: AmbientCall): Promise<readonly Finding[]> {
    // What is looked into must not be let go meanwhile: the descriptor's number would come to be another pod's.
    return this.#lanes.run(uidOf(pod), () => this.#check.findings(pod, redirection, call))
  }

  /** DEL. Never rejects; a call about a sandbox that the pod has no longer changes nothing. */
  remove(call: AmbientCall): Promise<void> {
    return this.#calls.remove(call)
  }

  /** Empty when ambient pods can be served. The namespaces' own reasons are among them. */
  unreadyReasons(): string[] {
    const { settings, ztunnel } = this.#options
    const { problem } = ztunnel.state()
    const isReason = settings.ambientReadyNeedsZtunnel && problem !== undefined
    return [...this.problems(), ...(isReason ? [problem] : [])]
  }

  /**
   * The same without ztunnel, for the plugin's STATUS: on a node without network the kubelet starts only pods of the
   * host network, and ztunnel is none of them.
   */
  problems(): string[] {
    const { namespaces, ztunnel } = this.#options
    const { lastBeat } = ztunnel.state()
    const beatAge = this.#now() - lastBeat
    const reasons = [
      ...namespaces.unreadyReasons(),
      this.#nodeRules.problem,
      this.#hasBegun ? undefined : 'the ambient pods of this node are not known yet',
      this.#hasBegun && beatAge > oldestBeatMs
        ? `ztunnel's server has not moved for ${Math.round(beatAge / 1000)} s`
        : undefined,
    ]
    return reasons.filter((reason) => reason !== undefined)
  }

  /**
   * Pods keep their rules, as the original's do, and ztunnel keeps serving them: the agent that follows takes over.
   * @param uninstall take away what is outside of the pods, too
   */
  async close({ uninstall }: { uninstall: boolean }): Promise<void> {
    this.#isClosed = true
    this.#reconciler.close()
    this.#rotation.stop()
    this.#firstLooks.close()
    this.#leftovers.close()
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
    // A pod that is not held by then is served on: of marked ones ztunnel is told to keep what it has.
    await within(discoveryMs, this.#discoverAll(), () => undefined)
    while (!this.#isClosed && !(await this.#serveZtunnel())) await pause(1_000)
    if (this.#isClosed) return
    this.#hasBegun = true
    this.#options.log.info({ pods: this.#enrolled.all().length }, 'holds the ambient pods of this node')
    this.#look(this.#all(), true)
    this.#leftovers.begin(this.#known.uids())
    this.#endRound()
    this.#rotation.start()
  }

  #areCachesReady(): boolean {
    return this.#known.isListed && this.#options.namespaces.unreadyReasons().length === 0
  }

  async #discoverAll(): Promise<void> {
    for (let attempt = 0; attempt < 3 && !this.#isClosed; attempt++) {
      if (attempt > 0) await pause(500)
      if (this.#isClosed || this.#hasBegun || (await this.#discover())) break
    }
  }

  /** @returns whether every running pod that belongs into the mesh is held */
  async #discover(): Promise<boolean> {
    const discover = (uid: string) => this.#lanes.run(uid, () => this.#reconciler.discover(uid))
    const results = await Promise.allSettled(this.#known.uids().map(discover))
    return results.every((result) => result.status === 'fulfilled' && result.value)
  }

  async #serveZtunnel(): Promise<boolean> {
    try {
      await this.#options.ztunnel.start()
      return true
    } catch (error) {
      this.#options.log.error({ err: error }, "failed to serve ztunnel's socket for ambient pods")
      return false
    }
  }

  #all(): readonly string[] {
    return [...this.#known.uids(), ...this.#known.goneUids(), ...this.#desired.uids()]
  }

  /** Pods whose namespaces a search may come across, and those that it is known of whose they are. */
  #residents(): Parameters<FindNamespaces>[1] {
    const isResident = (pod: Pod) => !pod.hostNetwork && !isEnded(pod) && pod.phase !== undefined
    const isHeld = (pod: Pod) => this.#enrolled.get(uidOf(pod)) !== undefined
    const others = [...this.#known.all()].filter((pod) => isResident(pod) && !isHeld(pod))
    return {
      others: new Map(others.map((pod) => [pod.staticUid ?? uidOf(pod), { addresses: pod.ips }])),
      held: new Set(this.#enrolled.all().map(({ netns }) => netns.inode)),
    }
  }

  #look(uids: readonly string[], verify = false): void {
    if (!this.#hasBegun || this.#isClosed) return
    for (const uid of uids) this.#backlog.add(uid, { verify })
  }

  /** What a pod's enrolment had put into the probe set was taken out by somebody else. */
  #tellRefilled(members: readonly ProbeMember[]): void {
    const wasPut = ({ uid, address }: ProbeMember) => this.#enrolled.get(uid)?.probed.includes(address)
    for (const uid of new Set(members.filter(wasPut).map((member) => member.uid))) {
      const pod = this.#known.get(uid)
      const message =
        "the pod's probes were not let past ztunnel: its address had been taken from the node's set"
      if (pod !== undefined) this.#options.events.warn(pod, 'RedirectionRepaired', message)
    }
  }

  /** Once in a round: the node's own rules and sets, and everybody's membership. */
  #endRound(): void {
    const { observer } = this.#options
    const { pods, seconds } = this.#verified
    if (pods > 0) observer.observeVerification(pods, seconds)
    this.#verified = { pods: 0, seconds: 0 }
    this.#look(this.#all())
    observer.podsChanged(this.#desired.counts())
    void this.#leftovers.look()
    void this.#nodeRules.verify(
      () => this.#desired.claims(),
      () => this.#areCachesReady() && this.#desired.areClaimsComplete(),
    )
  }
}
