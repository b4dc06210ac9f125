import type { DesiredPods } from './desired-pods.ts'
import { type EnrolledPod, type EnrolledPods, workloadOf } from './enrolled-pods.ts'
import { uidOf } from './known-pods.ts'
import type { TakenSnapshot, Workload } from './ports.ts'

export type ZtunnelLinkOptions = Readonly<{
  enrolled: EnrolledPods
  desired: DesiredPods
  /** What ztunnel serves may differ from what was known; `verify`: a good moment to look at the kernel, too. */
  changed: (verify: boolean) => void
}>

/** What ztunnels are told when they connect, and what that says about who is served. */
export class ZtunnelLink {
  readonly #options: ZtunnelLinkOptions
  /** Of each list that a ztunnel was given the pods in it whose namespaces it has. */
  readonly #given = new WeakMap<readonly Workload[], readonly EnrolledPod[]>()

  constructor(options: ZtunnelLinkOptions) {
    this.#options = options
  }

  /** Of pods that an agent once enrolled and that are not found (yet) ztunnel is to keep what it has. */
  workloads(): readonly Workload[] {
    const { enrolled, desired } = this.#options
    const offered = enrolled.all().filter(({ isOffered }) => isOffered)
    const kept = desired.unheldMarked()
    const workloads = [
      ...offered.map(workloadOf),
      ...kept.map((pod) => ({
        uid: uidOf(pod),
        name: pod.name,
        namespace: pod.namespace,
        serviceAccount: pod.serviceAccount,
        netns: -1,
      })),
    ]
    this.#given.set(workloads, offered)
    return workloads
  }

  /** It alone was told of the pods that came since it connected. */
  newestGone(): void {
    for (const pod of this.#options.enrolled.all()) pod.isAcked = false
    this.#options.changed(false)
  }

  /**
   * What an older ztunnel has taken says nothing of the newest, which is to serve all pods. Which of them were refused
   * is not said: then all are offered again, one by one.
   */
  snapshotAcked({ workloads, refused, isNewest }: TakenSnapshot): void {
    if (!isNewest) return
    for (const pod of this.#given.get(workloads) ?? []) pod.isAcked = refused === 0
    this.#options.changed(true)
  }
}
