import { STATIC_POD_ANNOTATION } from '@istio-install-cni/config-schema'
import { memberIn, objectIn, textIn } from './json-object.ts'
import type { PodChange, Projection } from './source.ts'

/** What is kept of a pod: the projection, or why there is none. */
export interface KnownPod<P> {
  readonly uid: string
  /** Of a static pod: the uid by which the kubelet, and so the plugin, knows it. */
  readonly staticUid: string | undefined
  readonly found: { readonly pod: P } | { readonly error: string }
  /** As it last was when it could be understood. */
  readonly understood: P | undefined
}

/** Kubernetes supports 110 pods a node, distributions up to 1000; what comes beyond is asked for singly. */
const most = 5_000

/** The pods of one node, of each only what the projection keeps. */
export class PodCache<P> {
  readonly #project: Projection<P>
  readonly #tell: (change: PodChange<P>) => void
  #pods = new Map<string, KnownPod<P>>()

  /** @param tell what changed, after it has changed */
  constructor(project: Projection<P>, tell: (change: PodChange<P>) => void) {
    this.#project = project
    this.#tell = tell
  }

  /** Each as it last was when it could be understood: one that changed into nonsense still runs. */
  *all(): Generator<P> {
    for (const { understood } of this.#pods.values()) if (understood !== undefined) yield understood
  }

  get(namespace: string, name: string): KnownPod<P> | undefined {
    return this.#pods.get(`${namespace}/${name}`)
  }

  put(manifest: unknown): void {
    const key = keyOf(manifest)
    const before = this.#pods.get(key)
    const pod = this.#putInto(this.#pods, manifest)
    if (pod === undefined) return
    // Its end was never told: a pod keeps its uid for life.
    if (before !== undefined && before.uid !== pod.uid) this.#tellOf('remove', before)
    this.#tellOf('put', pod)
  }

  /** A pod of the same name that came after the deleted one stays. */
  remove(manifest: unknown): void {
    const key = keyOf(manifest)
    const known = this.#pods.get(key)
    if (known?.uid !== uidOf(manifest)) return
    this.#pods.delete(key)
    this.#tellOf('remove', known)
  }

  /** All at once, so that nobody sees a half-known node. */
  replace(manifests: readonly unknown[]): void {
    const pods = new Map<string, KnownPod<P>>()
    for (const manifest of manifests) this.#putInto(pods, manifest)
    this.#pods = pods
    this.#tell({ kind: 'replaced' })
  }

  #putInto(pods: Map<string, KnownPod<P>>, manifest: unknown): KnownPod<P> | undefined {
    const key = keyOf(manifest)
    if (pods.size >= most && !pods.has(key)) return undefined
    const pod = knownPod(manifest, this.#project, this.#pods.get(key))
    pods.set(key, pod)
    return pod
  }

  #tellOf(kind: 'put' | 'remove', { understood }: KnownPod<P>): void {
    if (understood !== undefined) this.#tell({ kind, pod: understood })
  }
}

/** @param before what was known under its name */
export function knownPod<P>(manifest: unknown, project: Projection<P>, before?: KnownPod<P>): KnownPod<P> {
  const uid = uidOf(manifest)
  const annotations = memberIn(memberIn(objectIn(manifest), 'metadata'), 'annotations')
  const found = projected(manifest, project)
  const known = before?.uid === uid ? before.understood : undefined
  return {
    uid,
    staticUid: textIn(annotations, STATIC_POD_ANNOTATION),
    found,
    understood: 'pod' in found ? found.pod : known,
  }
}

function projected<P>(manifest: unknown, project: Projection<P>): KnownPod<P>['found'] {
  try {
    return { pod: project(manifest) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

function keyOf(manifest: unknown): string {
  const metadata = memberIn(objectIn(manifest), 'metadata')
  return `${textIn(metadata, 'namespace')}/${textIn(metadata, 'name')}`
}

const uidOf = (manifest: unknown) => textIn(memberIn(objectIn(manifest), 'metadata'), 'uid') ?? ''
