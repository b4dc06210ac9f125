import type { Backend, OpenNetns, Workload } from './ports.ts'

/** What is known of the rules in a pod's namespace. */
export type PodRules =
  | Readonly<{ kind: 'unknown' }>
  /** The pod ran before this agent, which has not seen yet what is there: nothing may be written before. */
  | Readonly<{ kind: 'unexamined' }>
  /** Some were there before this agent, which has not compared them yet: another version's may differ. */
  | Readonly<{ kind: 'inherited' }>
  /** As this agent wrote or verified them; `wanted` is the redirection that they are for. */
  | Readonly<{ kind: 'confirmed'; wanted: string }>
  /** There since before this agent, which may not change them (AMBIENT_RECONCILE_POD_RULES_ON_STARTUP). */
  | Readonly<{ kind: 'kept' }>

/** A pod whose namespace this agent holds open. */
export interface EnrolledPod {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  readonly serviceAccount: string
  readonly netns: OpenNetns
  /** As the runtime or the search named it: for people, and to tell late calls. */
  readonly path: string
  /** The sandbox, when the plugin named it. */
  readonly containerId: string | undefined
  addresses: readonly string[]
  /** Those that this agent has put into the probe set. */
  probed: readonly string[]
  backend: Backend
  rules: PodRules
  /** The last look at its namespace found a difference that is not repaired yet. */
  isDrifted: boolean
  /** Whether the newest ztunnel has confirmed this namespace. */
  isAcked: boolean
  /** Why ztunnel did not take this pod, which an agent said to be enrolled; until it serves it again. */
  lostBecause: string | undefined
  /** Whether a ztunnel that connects now is told of it. */
  isOffered: boolean
  /** It is on its way out, and claims no address any more. */
  isLeaving: boolean
}

/** Kubernetes supports 110 pods a node, distributions up to 1000. */
const most = 5_000

/** The pods of this node that are in the mesh or on their way, by uid. */
export class EnrolledPods {
  readonly #pods = new Map<string, EnrolledPod>()

  get(uid: string): EnrolledPod | undefined {
    return this.#pods.get(uid)
  }

  named(namespace: string, name: string): EnrolledPod | undefined {
    return this.all().find((pod) => pod.namespace === namespace && pod.name === name)
  }

  /** Another pod whose namespace this is said to be: each has its own. */
  otherIn(inode: bigint, uid: string): EnrolledPod | undefined {
    return this.all().find((pod) => pod.netns.inode === inode && pod.uid !== uid)
  }

  all(): readonly EnrolledPod[] {
    return [...this.#pods.values()]
  }

  /** @returns false when there are too many */
  put(pod: EnrolledPod): boolean {
    if (this.#pods.size >= most && !this.#pods.has(pod.uid)) return false
    this.#pods.set(pod.uid, pod)
    return true
  }

  /** Only this very record: the pod may have come back in another sandbox. */
  remove(pod: EnrolledPod): void {
    if (this.#pods.get(pod.uid) === pod) this.#pods.delete(pod.uid)
  }

  workloads(): readonly Workload[] {
    return this.all()
      .filter(({ isOffered }) => isOffered)
      .map(workloadOf)
  }
}

export const workloadOf = ({ uid, name, namespace, serviceAccount, netns }: EnrolledPod): Workload => ({
  uid,
  name,
  namespace,
  serviceAccount,
  netns: netns.fd,
})

/** Everything that an enrolment consists of is confirmed. */
export const isWhole = ({ rules, isAcked, isDrifted }: EnrolledPod): boolean =>
  (rules.kind === 'confirmed' || rules.kind === 'kept') && isAcked && !isDrifted

/** Something of an enrolment was lost and has not come back yet. */
export const hasLost = ({ isDrifted, lostBecause }: EnrolledPod): boolean =>
  isDrifted || lostBecause !== undefined
