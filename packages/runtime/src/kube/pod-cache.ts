import { memberIn, objectIn, textIn } from './json-object.ts'
import type { Projection } from './source.ts'

/** What is kept of a pod: the projection, or why there is none. */
export interface KnownPod<P> {
  readonly uid: string
  /** Of a static pod: the uid by which the kubelet, and so the plugin, knows it. */
  readonly staticUid: string | undefined
  readonly found: { readonly pod: P } | { readonly error: string }
}

/** The annotation of the API's picture of a static pod (kubelet types.ConfigMirrorAnnotationKey). */
const mirrorAnnotation = 'kubernetes.io/config.mirror'
/** Kubernetes supports 110 pods a node, distributions up to 1000; what comes beyond is asked for singly. */
const most = 5_000

/** The pods of one node, of each only what the projection keeps. */
export class PodCache<P> {
  readonly #project: Projection<P>
  #pods = new Map<string, KnownPod<P>>()

  constructor(project: Projection<P>) {
    this.#project = project
  }

  get(namespace: string, name: string): KnownPod<P> | undefined {
    return this.#pods.get(`${namespace}/${name}`)
  }

  put(manifest: unknown): void {
    put(this.#pods, manifest, this.#project)
  }

  /** A pod of the same name that came after the deleted one stays. */
  remove(manifest: unknown): void {
    const key = keyOf(manifest)
    if (this.#pods.get(key)?.uid === uidOf(manifest)) this.#pods.delete(key)
  }

  /** All at once, so that nobody sees a half-known node. */
  replace(manifests: readonly unknown[]): void {
    const pods = new Map<string, KnownPod<P>>()
    for (const manifest of manifests) put(pods, manifest, this.#project)
    this.#pods = pods
  }
}

export function knownPod<P>(manifest: unknown, project: Projection<P>): KnownPod<P> {
  const annotations = memberIn(memberIn(objectIn(manifest), 'metadata'), 'annotations')
  return {
    uid: uidOf(manifest),
    staticUid: textIn(annotations, mirrorAnnotation),
    found: projected(manifest, project),
  }
}

function put<P>(pods: Map<string, KnownPod<P>>, manifest: unknown, project: Projection<P>): void {
  const key = keyOf(manifest)
  if (pods.size < most || pods.has(key)) pods.set(key, knownPod(manifest, project))
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
