/** What the reconciler needs of other rooms, so that it can be tested without a kernel, a cluster or a ztunnel. */
import type { AmbientSettings } from '../mesh/ambient-redirection.ts'
import type { PodCall } from '../mesh/call.ts'
import type { EnrolmentSettings } from '../mesh/enrolment.ts'
import type { Pod } from '../mesh/pod.ts'
import type { Difference } from '../netns/index.ts'
import type { KernelProgram } from '../rules/program.ts'

export type Backend = KernelProgram['backend']

type PodChange = Readonly<{ kind: 'put' | 'remove'; pod: Pod }> | Readonly<{ kind: 'replaced' }>

/** kube/ PodSource */
export interface Pods {
  find(namespace: string, name: string, uid?: string): Promise<Pod | undefined>
  all(): Iterable<Pod>
  onChange(listener: (change: PodChange) => void): void
  unreadyReasons(): readonly string[]
}

/** kube/ NamespaceSource */
export interface Namespaces {
  labelsOf(name: string): Promise<Readonly<Record<string, string>> | undefined>
  onChange(listener: (name: string | undefined) => void): void
  unreadyReasons(): readonly string[]
}

/** kube/ PodAnnotations: the annotation tells people and the original's tools; nothing here believes it. */
export interface Annotations {
  annotate(
    pod: Readonly<{ namespace: string; name: string; uid: string }>,
    value: 'enabled' | 'pending' | undefined,
  ): Promise<void>
}

/** netns/ NetworkNamespaces: the pods' namespaces, by path. */
export interface PodNetworks {
  applyRules(path: string, program: KernelProgram): Promise<'applied' | 'unchanged' | 'replaced'>
  verifyRules(path: string, program: KernelProgram): Promise<readonly Difference[]>
  removeRules(path: string): Promise<void>
  addresses(path: string): Promise<readonly string[]>
  /** The back-ends whose rules of ours, or of the original, are there. */
  presentRules(path: string): Promise<Backend | 'both' | 'none'>
  /** The modes of which rules are there, whole or not, of ours or of the original. */
  presentModes(path: string): Promise<Readonly<{ ambient: boolean; sidecar: boolean }>>
}

/** Something of a pod that is missing or should not be there; `line` names it. */
export type Finding = Pick<Difference, 'kind' | 'line'>

export type ProbeMember = Readonly<{ address: string; uid: string }>

/** netns/ HostNetwork, with its program already given. */
export interface HostRules {
  applyRules(): Promise<'applied' | 'unchanged' | 'replaced'>
  verifyRules(): Promise<readonly Difference[]>
  removeRules(): Promise<void>
  /** Address to uid; the uid is empty where nobody knows the owner. */
  probeSet(): Promise<ReadonlyMap<string, string>>
  /** `remove` takes an address away only from the owner it names. */
  changeProbeSet(
    change: Readonly<{ put: readonly ProbeMember[]; remove: readonly ProbeMember[] }>,
  ): Promise<void>
}

/** ztunnel/ ZdsWorkload */
export type Workload = Readonly<{
  uid: string
  name: string
  namespace: string
  serviceAccount: string
  /** Open descriptor; -1 while the namespace is not known, which makes ztunnel keep what it has of the pod. */
  netns: number
}>

/** ztunnel/ AckedSnapshot: `workloads` is the list that this ztunnel was given, and no copy of it. */
export type TakenSnapshot = Readonly<{ workloads: readonly Workload[]; refused: number; isNewest: boolean }>

/** ztunnel/ ZtunnelServer */
export interface Ztunnel {
  start(): Promise<void>
  add(workload: Workload): Promise<void>
  remove(uid: string): Promise<void>
  /** `lastBeat`: milliseconds since the epoch. */
  state(): Readonly<{ connections: number; problem?: string; lastBeat: number }>
  close(): Promise<void>
}

/** kube/ PodEvents */
export interface Events {
  warn(pod: Readonly<{ namespace: string; name: string; uid: string }>, reason: string, message: string): void
}

/** kube/ OwnPodEvents: what concerns the node as a whole is told at the agent's pod. */
export interface OwnPod {
  warn(reason: string, message: string): void
}

type WantedPods = ReadonlyMap<string, Readonly<{ addresses: readonly string[] }>>

/** netns/ findPodNamespaces: namespaces of running pods, each with the proof that it is the pod's. */
export type FindNamespaces = (
  wanted: WantedPods,
  /** The node's other pods with a namespace of their own, and the namespaces that are held. */
  node: Readonly<{ others: WantedPods; held: ReadonlySet<bigint> }>,
) => Promise<ReadonlyMap<string, Readonly<{ path: string; inode: bigint; proof: string }>>>

/** An open namespace of a pod. */
export type OpenNetns = Readonly<{ fd: number; inode: bigint }>

export interface NamespaceHandles {
  /** @throws NetnsError when the path is no pod's namespace, and never gives the node's own */
  open(path: string): OpenNetns
  close(netns: OpenNetns): void
  /** The inode behind a path; undefined when nothing is there (any more). */
  inodeOf(path: string): Promise<bigint | undefined>
}

/** A call of the plugin; who sends the sandbox's id makes late calls harmless. */
export type AmbientCall = PodCall & Readonly<{ containerId?: string }>

export type AmbientOptionsSettings = EnrolmentSettings &
  AmbientSettings &
  Readonly<{
    nativeNftables: boolean
    ambientReconcilePodRulesOnStartup: boolean
    ambientReadyNeedsZtunnel: boolean
  }>

/** What drifted: in-pod rules, what ztunnel serves, membership in the probe set, the node's own rules. */
type Drift = 'rules' | 'ztunnel' | 'probes' | 'host'
export type EnrolPhase = 'rules' | 'probes' | 'ztunnel' | 'total' | 'verify'

/**
 * Pods of this node: to be in the mesh; with everything confirmed; of the former, with something missing; of these,
 * that had it when they were last looked at, and have not been repaired yet.
 */
export type PodCounts = Readonly<Record<'desired' | 'enrolled' | 'unenrolled' | 'drifted', number>>

export interface AmbientObserver {
  podsChanged(counts: PodCounts): void
  countDrift(what: Drift): void
  /** @param how through an ADD, or found running */
  countEnrolment(how: 'add' | 'running', result: 'done' | 'failed'): void
  countLeave(why: 'del' | 'deleted' | 'ended' | 'unlabelled'): void
  /** `total`: of an ADD; `verify`: of a look at a pod's kernel state, repair included. */
  observePhase(phase: EnrolPhase, seconds: number): void
  /** The API told of a pod. */
  countPodChange(type: 'add' | 'update' | 'delete'): void
  /** A round of looks at pods' kernel state: how many, and the seconds that they took together. */
  observeVerification(pods: number, seconds: number): void
}
