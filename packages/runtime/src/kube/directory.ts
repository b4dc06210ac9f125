import { constants, type FSWatcher, type Stats, watch } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Logger } from 'pino'
import { parseAllDocuments } from 'yaml'
import { messageOf } from '../errors.ts'
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
  readonly #nodeName: string
  #files = new Map<string, LoadedFile<P>>()
  #watcher: FSWatcher | undefined
  #isStale = true
  #unreadable: string | undefined
  #reading: Promise<void> = Promise.resolve()
  #nextReading: Promise<void> | undefined

  /** @param nodeName what the kubelet of this node appends to the names of pods that it takes from files */
  constructor(directory: string, project: Projection<P>, log: Logger, nodeName: string) {
    this.#directory = directory
    this.#project = project
    this.#log = log
    this.#nodeName = nodeName.toLowerCase()
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
    return this.#unreadable === undefined ? [] : [this.#unreadable]
  }

  async find(namespace: string, name: string): Promise<P | undefined> {
    const key = `${namespace}/${name}`
    if (this.#isStale || this.#watcher === undefined) await this.#readDirectory()
    const known = this.#lookUp(key)
    // The runtime may be faster than the watcher's event, and a directory that was replaced has no watcher.
    if (known === undefined || !(await this.#isCurrent(known.file))) await this.#readDirectory()
    const found = this.#lookUp(key)?.found
    if (found === undefined) return undefined
    if ('pod' in found) return found.pod
    throw new PodSourceError(
      `the manifest of pod ${key} in ${this.#directory} cannot be understood: ${messageOf(found.error)}`,
      { cause: found.error },
    )
  }

  close(): void {
    this.#watcher?.close()
  }

  #lookUp(key: string): { file: string; found: Found<P> } | undefined {
    for (const [file, { pods }] of this.#files) {
      const found = pods.get(key)
      if (found !== undefined) return { file, found }
    }
    const suffix = `-${this.#nodeName}`
    return this.#nodeName !== '' && key.endsWith(suffix)
      ? this.#lookUp(key.slice(0, -suffix.length))
      : undefined
  }

  async #isCurrent(file: string): Promise<boolean> {
    try {
      return this.#files.get(file)?.version === versionOf(await stat(join(this.#directory, file)))
    } catch {
      return false
    }
  }

  /** A reading that has begun already may have missed what the question is about: the next one answers it. */
  #readDirectory(): Promise<void> {
    this.#nextReading ??= this.#reading
      .catch(() => {})
      .then(() => {
        const read = this.#read()
        this.#reading = read
        this.#nextReading = undefined
        return read
      })
    return this.#nextReading
  }

  async #read(): Promise<void> {
    this.#isStale = false
    let names: string[]
    try {
      names = (await readdir(this.#directory)).filter((name) => extensions.has(extname(name))).sort()
      this.#unreadable = undefined
    } catch (cause) {
      this.#isStale = true
      this.#unreadable = `PODS_FROM: the directory ${this.#directory} cannot be read: ${messageOf(cause)}`
      throw new PodSourceError(this.#unreadable, { cause })
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
      const found = await stat(path)
      const version = versionOf(found)
      const known = this.#files.get(name)
      if (known?.version === version) return known
      if (!found.isFile()) return this.#useless(path, version, new Error('no regular file'))
      if (found.size > largestManifest)
        return this.#useless(path, version, new Error(`larger than ${largestManifest} bytes`))
      const text = await textOf(path, found)
      try {
        return { version, pods: podsIn(text, this.#project) }
      } catch (error) {
        return this.#useless(path, version, error)
      }
    } catch (error) {
      this.#log.warn({ file: path, err: error }, 'skipped a manifest file that cannot be read')
      return undefined
    }
  }

  /** Told once and not tried again before the file changes. */
  #useless(path: string, version: string, error: unknown): LoadedFile<P> {
    this.#log.warn({ file: path, err: error }, 'skipped a file that holds no manifests')
    return { version, pods: new Map() }
  }
}

const versionOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): string => `${ino}:${size}:${mtimeMs}:${ctimeMs}`

/** @throws when the file is not the one of `expected` any more: half a manifest may read like a whole one */
async function textOf(path: string, expected: Stats): Promise<string> {
  // What took the file's place in the meantime must not hang the agent.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const bytes = Buffer.alloc(expected.size)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length)
    length += bytesRead
    if (bytesRead === 0) break
  }
  if (versionOf(await file.stat()) !== versionOf(expected)) throw new Error('it changed while it was read')
  return bytes.toString('utf8', 0, length)
}

function podsIn<P>(text: string, project: Projection<P>): Map<string, Found<P>> {
  const pods = new Map<string, Found<P>>()
  // To look for keys that are there twice takes quadratic time: minutes for a file of the largest size.
  for (const document of parseAllDocuments(text, { uniqueKeys: false })) {
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
