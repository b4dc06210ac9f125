import type { Pod } from '../mesh/pod.ts'
import type { Pods } from './ports.ts'

/**
 * The name under which everything here and ztunnel know a pod. A manifest that never saw an API server has no uid;
 * its name is as good on one node.
 */
export const uidOf = ({ uid, namespace, name }: Pod): string => uid || `${namespace}/${name}`

type PodChangeKind = 'add' | 'update' | 'delete'

/** The node's pods by uid, as the source tells them; of those that are gone for as long as somebody has to react. */
export class KnownPods {
  readonly #source: Pods
  #pods = new Map<string, Pod>()
  readonly #gone = new Map<string, Pod>()
  readonly #count: (kind: PodChangeKind) => void

  /**
   * @param changed told the uids of pods that may have come, changed or gone
   * @param count told of each pod that has
   */
  constructor(
    source: Pods,
    changed: (uids: readonly string[]) => void,
    count: (kind: PodChangeKind) => void,
  ) {
    this.#source = source
    this.#count = count
    source.onChange((change) => {
      if (change.kind === 'replaced') changed(this.#replaced())
      else changed([change.kind === 'remove' ? this.#removed(change.pod) : this.#put(change.pod)])
    })
    this.#replaced()
  }

  get(uid: string): Pod | undefined {
    return this.#pods.get(uid)
  }

  /** What was last known of a pod that the source has said to be gone. */
  gone(uid: string): Pod | undefined {
    return this.#gone.get(uid)
  }

  /** Somebody has reacted. */
  forget(uid: string): void {
    this.#gone.delete(uid)
  }

  get isListed(): boolean {
    return this.#source.unreadyReasons().length === 0
  }

  all(): Iterable<Pod> {
    return this.#pods.values()
  }

  uids(): readonly string[] {
    return [...this.#pods.keys()]
  }

  /** Of pods that are gone and that nobody has reacted to. */
  goneUids(): readonly string[] {
    return [...this.#gone.keys()]
  }

  uidsIn(namespace: string): readonly string[] {
    return [...this.#pods].filter(([, pod]) => pod.namespace === namespace).map(([uid]) => uid)
  }

  #put(pod: Pod): string {
    const uid = uidOf(pod)
    this.#count(this.#pods.has(uid) ? 'update' : 'add')
    this.#pods.set(uid, pod)
    this.#gone.delete(uid)
    return uid
  }

  #removed(pod: Pod): string {
    const uid = uidOf(pod)
    this.#count('delete')
    this.#pods.delete(uid)
    this.#gone.set(uid, pod)
    return uid
  }

  /** Whoever is not listed any more was deleted while nobody watched. */
  #replaced(): readonly string[] {
    const former = this.#pods
    this.#pods = new Map([...this.#source.all()].map((pod) => [uidOf(pod), pod]))
    for (const [uid, pod] of former) {
      if (this.#pods.has(uid)) continue
      this.#count('delete')
      this.#gone.set(uid, pod)
    }
    for (const uid of this.#pods.keys()) {
      if (!former.has(uid)) this.#count('add')
      this.#gone.delete(uid)
    }
    return [...this.#pods.keys(), ...this.#gone.keys()]
  }
}
