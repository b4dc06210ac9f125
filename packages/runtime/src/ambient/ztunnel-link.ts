import type { DesiredPods } from './desired-pods.ts'
import { type EnrolledPod, type EnrolledPods, workloadOf } from './enrolled-pods.ts'
import { uidOf } from './known-pods.ts'
import type { Workload } from './ports.ts'

export type ZtunnelLinkOptions = Readonly<{
  enrolled: EnrolledPods
  desired: DesiredPods
  /** What ztunnel serves may differ from what was known; `verify`: a good moment to look at the kernel, too. */
  changed: (verify: boolean) => void
}>

/** What ztunnels are told when they connect, and what that says about who is served. */
export class ZtunnelLink {
  readonly #options: ZtunnelLinkOptions
  #snapshot: readonly EnrolledPod[] = []
  #connections = 0

  constructor(options: ZtunnelLinkOptions) {
    this.#options = options
  }

  /** Of pods that an agent once enrolled and that are not found (yet) ztunnel is to keep what it has. */
  workloads(): readonly Workload[] {
    const { enrolled, desired } = this.#options
    this.#snapshot = enrolled.all().filter(({ isOffered }) => isOffered)
    const kept = desired.unheldMarked()
    return [
      ...this.#snapshot.map(workloadOf),
      ...kept.map((pod) => ({
        uid: uidOf(pod),
        name: pod.name,
        namespace: pod.namespace,
        serviceAccount: pod.serviceAccount,
        netns: -1,
      })),
    ]
  }

  /** One that went may have been the newest, which alone was told of the pods that came since it connected. */
  connectionsChanged(count: number): void {
    const isLess = count < this.#connections
    this.#connections = count
    if (!isLess) return
    for (const pod of this.#options.enrolled.all()) pod.isAcked = false
    this.#options.changed(false)
  }

  /** Which of them were refused is not said: then all are offered again, one by one. */
  snapshotAcked(refused: number): void {
    for (const pod of this.#snapshot) pod.isAcked = refused === 0
    this.#options.changed(true)
  }
}
