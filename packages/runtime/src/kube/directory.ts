import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { memberIn } from './json-object.ts'
import { ManifestDirectory } from './manifest-directory.ts'
import { type PodChange, type PodSource, PodSourceError, type Projection } from './source.ts'

type Found<P> = { pod: P } | { error: unknown }

/** Pods from a directory of manifests, for demos, CI and kubelets without an API server. Follows the directory. */
export class DirectoryPods<P> implements PodSource<P> {
  readonly #directory: ManifestDirectory<Found<P>>
  readonly #nodeName: string

  /** @param nodeName what the kubelet of this node appends to the names of pods that it takes from files */
  constructor(directory: string, project: Projection<P>, log: Logger, nodeName: string) {
    this.#nodeName = nodeName.toLowerCase()
    this.#directory = new ManifestDirectory(
      directory,
      (manifest) => {
        const key = podKey(manifest)
        return key === undefined ? undefined : [key, projected(manifest, project)]
      },
      log,
    )
  }

  start(): Promise<void> {
    return this.#directory.start()
  }

  unreadyReasons(): readonly string[] {
    return this.#directory.unreadyReasons()
  }

  async find(namespace: string, name: string): Promise<P | undefined> {
    const key = `${namespace}/${name}`
    const suffix = `-${this.#nodeName}`
    const isFromFile = this.#nodeName !== '' && key.endsWith(suffix)
    const found = await this.#directory.find(key, ...(isFromFile ? [key.slice(0, -suffix.length)] : []))
    if (found === undefined) return undefined
    if ('pod' in found) return found.pod
    throw new PodSourceError(
      `the manifest of pod ${key} in ${this.#directory.path} cannot be understood: ${messageOf(found.error)}`,
      { cause: found.error },
    )
  }

  *all(): Generator<P> {
    for (const found of this.#directory.all()) if ('pod' in found) yield found.pod
  }

  onChange(listener: (change: PodChange<P>) => void): void {
    this.#directory.onChange(() => listener({ kind: 'replaced' }))
  }

  close(): void {
    this.#directory.close()
  }
}

function podKey(manifest: Readonly<Record<string, unknown>>): string | undefined {
  const { namespace = 'default', name } = memberIn(manifest, 'metadata')
  if (manifest.kind !== 'Pod' || typeof namespace !== 'string' || typeof name !== 'string') return undefined
  return `${namespace}/${name}`
}

function projected<P>(manifest: unknown, project: Projection<P>): Found<P> {
  try {
    return { pod: project(manifest) }
  } catch (error) {
    return { error }
  }
}
