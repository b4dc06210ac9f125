import { ANNOTATION } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import type { Pod } from '../mesh/pod.ts'
import { podAddresses } from './addresses.ts'
import type { DesiredPods } from './desired-pods.ts'
import type { EnrolledPods } from './enrolled-pods.ts'
import { type KnownPods, uidOf } from './known-pods.ts'
import type { Lanes } from './lanes.ts'
import { pathOf } from './namespace-handles.ts'
import type { Found, NamespaceSearch } from './namespace-search.ts'
import type { PodRedirection } from './pod-redirection.ts'
import type { AmbientObserver, NamespaceHandles } from './ports.ts'
import { isEnded, isMarked } from './reconcile.ts'

/** Rounds in which a pod's namespace is looked for, or cannot be looked into, before it is left alone. */
const attempts = 4

export type LeftoversOptions = Readonly<{
  known: KnownPods
  enrolled: EnrolledPods
  desired: DesiredPods
  search: NamespaceSearch
  handles: NamespaceHandles
  redirection: PodRedirection
  lanes: Lanes
  observer: AmbientObserver
  log: Logger
}>

/**
 * Rules that an earlier agent has left in pods which left the mesh while no agent ran. The annotation tells of most of
 * them, but the API server may have refused it: so every pod that was there at the start is looked into, once, one
 * after another.
 */
export class Leftovers {
  readonly #options: LeftoversOptions
  /** Pods that are still to be looked into, and the attempts so far. */
  readonly #open = new Map<string, number>()
  #isBusy = false

  constructor(options: LeftoversOptions) {
    this.#options = options
  }

  begin(uids: readonly string[]): void {
    for (const uid of uids) this.#open.set(uid, 0)
  }

  /** Looks into those that can be looked into now; never rejects. */
  async look(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      const pods = [...this.#open.keys()].flatMap((uid) => this.#candidate(uid))
      // All at once are one search.
      for (const [pod, found] of await Promise.all(pods.map((one) => this.#found(one))))
        await this.#options.lanes.run(uidOf(pod), () => this.#lookInto(pod, found))
    } finally {
      this.#isBusy = false
    }
  }

  close(): void {
    this.#open.clear()
  }

  #candidate(uid: string): readonly Pod[] {
    const { known, enrolled, desired } = this.#options
    const pod = known.get(uid)
    const kind = desired.kindOf(uid)
    if (pod === undefined || kind === 'enrolled' || enrolled.get(uid) !== undefined || isOther(pod)) {
      this.#open.delete(uid)
      return []
    }
    return kind === 'outside' && podAddresses(pod.ips).length > 0 ? [pod] : []
  }

  async #found(pod: Pod): Promise<readonly [Pod, Found | undefined]> {
    try {
      return [pod, await this.#options.search.find(pod.staticUid ?? uidOf(pod), podAddresses(pod.ips))]
    } catch {
      return [pod, undefined]
    }
  }

  async #lookInto(pod: Pod, found: Found | undefined): Promise<void> {
    const uid = uidOf(pod)
    const former = this.#open.get(uid)
    // Much may have happened since the search began.
    if (former === undefined || this.#candidate(uid).length === 0) return
    const isDone = found !== undefined && (await this.#cleared(pod, found))
    if (isDone || former + 1 >= attempts) this.#open.delete(uid)
    else this.#open.set(uid, former + 1)
  }

  /** @returns whether nothing is left */
  async #cleared(pod: Pod, { path, inode }: Found): Promise<boolean> {
    const { enrolled, handles, redirection, observer, log } = this.#options
    const fields = { pod: pod.name, namespace: pod.namespace }
    try {
      const netns = handles.open(path)
      try {
        if (netns.inode !== inode) return false
        const isOthers = () => enrolled.otherIn(inode, uidOf(pod)) !== undefined
        if (!(await redirection.clear(pathOf(netns), isOthers))) return true
      } finally {
        handles.close(netns)
      }
      observer.countLeave('unlabelled')
      log.warn(
        fields,
        'took ambient rules out of a pod that is not in the mesh: an earlier agent had left them',
      )
      return true
    } catch (error) {
      log.warn({ ...fields, err: error }, 'cannot look for ambient rules in a pod that is not in the mesh')
      return false
    }
  }
}

/** Pods that have no rules for ambient mode, or whose rules are somebody else's to remove. */
function isOther(pod: Pod): boolean {
  return pod.hostNetwork || ANNOTATION.status in pod.annotations || isEnded(pod) || isMarked(pod)
}
