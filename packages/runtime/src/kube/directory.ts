import { type FSWatcher, watch } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Logger } from 'pino'
import { parseAllDocuments } from 'yaml'
import { type PodSource, PodSourceError, type Projection } from './source.ts'

/** An object in etcd is at most 1.5 MiB; a manifest that is larger is no pod's. */
const largestManifest = 2 << 20
const extensions = new Set(['.yaml', '.yml', '.json'])

type Found<P> = { pod: P } | { error: unknown }
type LoadedFile<P> = { version: string; pods: ReadonlyMap<string, Found<P>> }

/** Pods from a directory of manifests, for demos, CI and kubelets without an API server. Follows the directory. */
export class DirectoryPods<P> implements PodSource<P> {
  readonly #directory: string
  readonly #project: Projection<P>
  readonly #log: Logger
  #files = new Map<string, LoadedFile<P>>()
  #watcher: FSWatcher | undefined
  #isStale = true
  #reading: Promise<void> | undefined

  constructor(directory: string, project: Projection<P>, log: Logger) {
    this.#directory = directory
    this.#project = project
    this.#log = log
  }

  async start(): Promise<void> {
    try {
      this.#watcher = watch(this.#directory, () => {
        this.#isStale = true
      })
    } catch (cause) {
      throw new PodSourceError(`PODS_FROM: the directory ${this.#directory} cannot be watched`, { cause })
    }
    // Without a working watcher every look-up reads the directory again: slower, never wrong.
    this.#watcher.on('error', () => {
      this.#watcher = undefined
    })
    await this.#readDirectory()
  }

  unreadyReasons(): readonly string[] {
    return []
  }

  async find(namespace: string, name: string): Promise<P | undefined> {
    const key = `${namespace}/${name}`
    if (this.#isStale || this.#watcher === undefined) await this.#readDirectory()
    // The runtime may be faster than the watcher's event.
    if (this.#lookUp(key) === undefined) await this.#readDirectory()
    const found = this.#lookUp(key)
    if (found === undefined) return undefined
    if ('pod' in found) return found.pod
    throw new PodSourceError(`The manifest of pod ${key} in ${this.#directory} cannot be understood`, {
      cause: found.error,
    })
  }

  close(): void {
    this.#watcher?.close()
  }

  #lookUp(key: string): Found<P> | undefined {
    for (const { pods } of this.#files.values()) {
      const found = pods.get(key)
      if (found !== undefined) return found
    }
    return undefined
  }

  #readDirectory(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<void> {
    this.#isStale = false
    let names: string[]
    try {
      names = (await readdir(this.#directory)).filter((name) => extensions.has(extname(name))).sort()
    } catch (cause) {
      this.#isStale = true
      throw new PodSourceError(`PODS_FROM: the directory ${this.#directory} cannot be read`, { cause })
    }
    const files = new Map<string, LoadedFile<P>>()
    for (const name of names) {
      const loaded = await this.#load(name)
      if (loaded !== undefined) files.set(name, loaded)
    }
    this.#files = files
  }

  async #load(name: string): Promise<LoadedFile<P> | undefined> {
    const path = join(this.#directory, name)
    try {
      const { ino, size, mtimeMs } = await stat(path)
      const version = `${ino}:${size}:${mtimeMs}`
      const known = this.#files.get(name)
      if (known?.version === version) return known
      if (size > largestManifest) throw new Error(`larger than ${largestManifest} bytes`)
      return { version, pods: podsIn(await readFile(path, 'utf8'), this.#project) }
    } catch (error) {
      this.#log.warn({ file: path, err: error }, 'skipped a manifest file that cannot be read')
      return undefined
    }
  }
}

function podsIn<P>(text: string, project: Projection<P>): Map<string, Found<P>> {
  const pods = new Map<string, Found<P>>()
  for (const document of parseAllDocuments(text)) {
    if (document.errors.length > 0) throw document.errors[0]
    for (const manifest of manifestsIn(document.toJS({ maxAliasCount: 100 }))) {
      const key = podKey(manifest)
      if (key !== undefined) pods.set(key, projected(manifest, project))
    }
  }
  return pods
}

/** A document is one object or a `List` of them. */
function manifestsIn(document: unknown): unknown[] {
  return isObject(document) && Array.isArray(document.items) ? document.items : [document]
}

function podKey(manifest: unknown): string | undefined {
  if (!isObject(manifest) || manifest.kind !== 'Pod' || !isObject(manifest.metadata)) return undefined
  const { namespace = 'default', name } = manifest.metadata
  return typeof namespace === 'string' && typeof name === 'string' ? `${namespace}/${name}` : undefined
}

function projected<P>(manifest: unknown, project: Projection<P>): Found<P> {
  try {
    return { pod: project(manifest) }
  } catch (error) {
    return { error }
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
