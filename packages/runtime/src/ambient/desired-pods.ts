import type { Pod } from '../mesh/pod.ts'
import { podAddresses } from './addresses.ts'
import { type EnrolledPods, hasLost, isWhole } from './enrolled-pods.ts'
import { type KnownPods, uidOf } from './known-pods.ts'
import type { Membership } from './membership.ts'
import type { PodCounts } from './ports.ts'
import type { Claim } from './probe-set.ts'
import { type Desired, isEnded, isMarked, type Step, stepFor } from './reconcile.ts'

/** For so long after a DEL what is found of the pod may be its end; a pod that lives on gets an ADD. */
const sandboxGoneMs = 60_000

/**
 * For so long a pod without addresses may have one in the probe set whose owner nobody knows: kubelets report addresses
 * within seconds. One that cannot start must not keep all others' from being taken out for ever.
 */
const unaddressedMs = 60_000

export type DesiredPodsOptions = Readonly<{
  known: KnownPods
  enrolled: EnrolledPods
  membership: Membership
  now: () => number
}>

/** What should be, of every pod as it was last looked at, and what follows from it for all of them together. */
export class DesiredPods {
  readonly #options: DesiredPodsOptions
  /** Pods that have not been looked at yet are missing. */
  readonly #desired = new Map<string, 'enrolled' | 'outside' | 'unknown'>()
  /** When the runtime deleted their sandbox. */
  readonly #sandboxGone = new Map<string, number>()
  /** Since when a pod that belongs into the mesh has had no address. */
  readonly #unaddressed = new Map<string, number>()

  constructor(options: DesiredPodsOptions) {
    this.#options = options
  }

  /** Asks anew what should become of a pod. */
  async stepOf(uid: string): Promise<Step> {
    const { enrolled, membership, now } = this.#options
    const desired = await membership.of(uid, enrolled.get(uid))
    this.#keep(uid, desired)
    const goneAt = this.#sandboxGone.get(uid) ?? Number.NEGATIVE_INFINITY
    return stepFor(desired, {
      isHeld: enrolled.get(uid) !== undefined,
      isSandboxGone: now() - goneAt < sandboxGoneMs,
    })
  }

  /** A sandbox of the pod is there. */
  arrived(uid: string): void {
    this.#sandboxGone.delete(uid)
    this.#desired.set(uid, 'enrolled')
  }

  /** Processes of the pod prove that it lives in a namespace. */
  found(uid: string): void {
    this.#sandboxGone.delete(uid)
  }

  /** The runtime has deleted the pod's sandbox. */
  sandboxDeleted(uid: string): void {
    const { known, now } = this.#options
    if (known.get(uid) !== undefined) this.#sandboxGone.set(uid, now())
  }

  /** As the pod was last looked at; undefined while it has not been. */
  kindOf(uid: string): 'enrolled' | 'outside' | 'unknown' | undefined {
    return this.#desired.get(uid)
  }

  /** Whether the pod belongs into the mesh and is not held. */
  isAwaited(uid: string): boolean {
    return this.#desired.get(uid) === 'enrolled' && this.#options.enrolled.get(uid) === undefined
  }

  /** Whoever was gone when it was last looked at needs no memory any more. */
  settle(uid: string): void {
    const { known, enrolled } = this.#options
    if (known.get(uid) !== undefined || enrolled.get(uid) !== undefined || this.#desired.has(uid)) return
    known.forget(uid)
    this.#desired.delete(uid)
    this.#sandboxGone.delete(uid)
    this.#unaddressed.delete(uid)
  }

  /** Pods whose kernel state matters. */
  uids(): readonly string[] {
    const wanted = [...this.#desired].filter(([, kind]) => kind === 'enrolled').map(([uid]) => uid)
    return [...new Set([...wanted, ...this.#options.enrolled.all().map(({ uid }) => uid)])]
  }

  /** Held pods come last: of two claims to an address theirs is the one that the runtime made. */
  claims(): readonly Claim[] {
    const held = this.#options.enrolled.all().filter(({ isLeaving }) => !isLeaving)
    const others = this.unheld().map((pod) => ({ uid: uidOf(pod), addresses: podAddresses(pod.ips) }))
    return [...others, ...held]
  }

  /** Whether the claims are those of all pods that belong into the mesh. */
  areClaimsComplete(): boolean {
    const { known } = this.#options
    const isTold = (uid: string) => ['enrolled', 'outside'].includes(this.#desired.get(uid) ?? '')
    return (
      known.isListed &&
      known.uids().every(isTold) &&
      this.claims().every(({ uid, addresses }) => addresses.length > 0 || this.#isLongUnaddressed(uid))
    )
  }

  #isLongUnaddressed(uid: string): boolean {
    const since = this.#unaddressed.get(uid)
    return since !== undefined && this.#options.now() - since >= unaddressedMs
  }

  /** Pods that belong into the mesh and may run, but whose namespace is not held. */
  unheld(): readonly Pod[] {
    const { known, enrolled } = this.#options
    return [...this.#desired].flatMap(([uid, kind]) => {
      const isWanted = kind === 'enrolled' && enrolled.get(uid) === undefined && !this.#sandboxGone.has(uid)
      const pod = isWanted ? known.get(uid) : undefined
      return pod === undefined ? [] : [pod]
    })
  }

  /**
   * Marked pods that may run and are not held, whatever is to become of them: until that has happened, a ztunnel that
   * serves them has to go on.
   */
  unheldMarked(): readonly Pod[] {
    const { known, enrolled } = this.#options
    return [...known.all()].filter((pod) => {
      const uid = uidOf(pod)
      return isMarked(pod) && !isEnded(pod) && enrolled.get(uid) === undefined && !this.#sandboxGone.has(uid)
    })
  }

  counts(): PodCounts {
    const held = this.#options.enrolled.all()
    const desired = [...this.#desired.values()].filter((kind) => kind === 'enrolled').length
    const enrolled = held.filter(isWhole).length
    const drifted = held.filter((pod) => this.#desired.get(pod.uid) === 'enrolled' && hasLost(pod)).length
    return { desired, enrolled, unenrolled: Math.max(0, desired - enrolled), drifted }
  }

  #keep(uid: string, desired: Desired): void {
    if (desired.kind === 'gone') this.#desired.delete(uid)
    else this.#desired.set(uid, desired.kind)
    const isUnaddressed = desired.kind === 'enrolled' && podAddresses(desired.pod.ips).length === 0
    if (!isUnaddressed) this.#unaddressed.delete(uid)
    else if (!this.#unaddressed.has(uid)) this.#unaddressed.set(uid, this.#options.now())
  }
}
