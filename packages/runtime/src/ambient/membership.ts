import { messageOf } from '../errors.ts'
import { type EnrolmentSettings, enrolmentOf } from '../mesh/enrolment.ts'
import type { Pod } from '../mesh/pod.ts'
import type { EnrolledPod } from './enrolled-pods.ts'
import { type KnownPods, uidOf } from './known-pods.ts'
import type { Namespaces, Pods } from './ports.ts'
import { type Desired, isEnded } from './reconcile.ts'

export type MembershipOptions = Readonly<{
  known: KnownPods
  pods: Pick<Pods, 'find'>
  namespaces: Pick<Namespaces, 'labelsOf'>
  settings: EnrolmentSettings
}>

/** Asks the API's caches whether a pod belongs into the mesh. What cannot be told now is said to be unknown. */
export class Membership {
  readonly #options: MembershipOptions

  constructor(options: MembershipOptions) {
    this.#options = options
  }

  /** @param held what the agent holds of the pod: one that an ADD brought may not be in the cache yet */
  async of(uid: string, held: EnrolledPod | undefined): Promise<Desired> {
    const { known } = this.#options
    const pod = known.get(uid)
    if (pod !== undefined) return this.#ofPod(pod)
    const gone = known.gone(uid)
    if (gone === undefined && !known.isListed)
      return { kind: 'unknown', why: 'the pods of this node are not known' }
    return held === undefined ? { kind: 'gone', pod: gone } : this.#ofUnlisted(uid, held)
  }

  /** A list may be older than an ADD: only the pod itself, or its absence, tells. */
  async #ofUnlisted(uid: string, { namespace, name }: EnrolledPod): Promise<Desired> {
    try {
      const pod = await this.#options.pods.find(namespace, name, uid)
      if (pod !== undefined && uidOf(pod) === uid) return await this.#ofPod(pod)
      return { kind: 'gone', pod: this.#options.known.gone(uid) }
    } catch (error) {
      return { kind: 'unknown', why: messageOf(error) }
    }
  }

  async #ofPod(pod: Pod): Promise<Desired> {
    try {
      const labels = await this.#options.namespaces.labelsOf(pod.namespace)
      const { isEnrolled, because } = enrolmentOf(pod, labels ?? {}, this.#options.settings)
      if (isEnrolled) return { kind: 'enrolled', pod }
      // A namespace that is gone is about to take its pods along: not the time to cut their traffic.
      return labels === undefined && !isEnded(pod)
        ? { kind: 'unknown', why: `namespace ${pod.namespace} is not known`, pod }
        : { kind: 'outside', pod, because }
    } catch (error) {
      return { kind: 'unknown', why: messageOf(error), pod }
    }
  }
}
