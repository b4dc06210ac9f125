import { type FSWatcher, statSync, watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { Listeners } from './listeners.ts'
import { manifestsIn, textOf, versionOf } from './manifest-file.ts'
import { PodSourceError } from './source.ts'

/** An object in etcd is at most 1.5 MiB; a manifest that is larger is no object's. */
const largestManifest = 2 << 20
const extensions = new Set(['.yaml', '.yml', '.json'])
/** Several files that change together are read together. */
const settleMs = 50
/** For whoever wants to be told: what no watcher tells is found after so long. */
const pollMs = 10_000

/** What is kept of a manifest, under which key; undefined when it is not wanted. Never throws. */
type Take<T> = (manifest: Readonly<Record<string, unknown>>) => readonly [key: string, value: T] | undefined
type LoadedFile<T> = { version: string; objects: ReadonlyMap<string, T> }

/** Objects from a directory of manifests, which it follows. */
export class ManifestDirectory<T> {
  readonly path: string
  readonly #take: Take<T>
  readonly #log: Logger
  readonly #listeners: Listeners<undefined>
  #files = new Map<string, LoadedFile<T>>()
  #watcher: FSWatcher | undefined
  #isStale = true
  #isFollowed = false
  #unreadable: string | undefined
  #reading: Promise<void> = Promise.resolve()
  #nextReading: Promise<void> | undefined
  #settling: NodeJS.Timeout | undefined
  #poll: NodeJS.Timeout | undefined

  constructor(path: string, take: Take<T>, log: Logger) {
    this.path = path
    this.#take = take
    this.#log = log
    this.#listeners = new Listeners(log)
  }

  /** @throws PodSourceError when there is no such directory */
  async start(): Promise<void> {
    try {
      this.#watcher = watch(this.path, () => this.#doubt())
    } catch (cause) {
      throw new PodSourceError(`PODS_FROM: the directory ${this.path} cannot be watched`, { cause })
    }
    // Without a working watcher every look-up reads the directory again: slower, never wrong.
    this.#watcher.on('error', () => {
      this.#watcher = undefined
    })
    await this.#readDirectory()
    this.#poll = setInterval(() => this.#readForListeners(), pollMs).unref()
  }

  unreadyReasons(): readonly string[] {
    return this.#unreadable === undefined ? [] : [this.#unreadable]
  }

  /** @param listener told after what is kept has changed */
  onChange(listener: () => void): void {
    this.#isFollowed = true
    this.#listeners.add(listener)
  }

  /** What is known now. */
  *all(): Generator<T> {
    for (const { objects } of this.#files.values()) yield* objects.values()
  }

  /**
   * The first that is there; as the directory has it now.
   * @throws PodSourceError when the directory cannot be read
   */
  async find(...keys: readonly string[]): Promise<T | undefined> {
    if (this.#isStale || this.#watcher === undefined) await this.#readDirectory()
    const known = this.#lookUp(keys)
    // The runtime may be faster than the watcher's event, and a directory that was replaced has no watcher.
    if (known === undefined || !this.#isCurrent(known.file)) await this.#readDirectory()
    return this.#lookUp(keys)?.value
  }

  close(): void {
    this.#watcher?.close()
    clearTimeout(this.#settling)
    clearInterval(this.#poll)
  }

  #doubt(): void {
    this.#isStale = true
    if (!this.#isFollowed) return
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined
      this.#readForListeners()
    }, settleMs).unref()
  }

  #readForListeners(): void {
    // Why it cannot be read is among the reasons for being unready.
    if (this.#isFollowed) this.#readDirectory().catch(() => {})
  }

  #lookUp(keys: readonly string[]): { file: string; value: T } | undefined {
    for (const key of keys) {
      for (const [file, { objects }] of this.#files) {
        const value = objects.get(key)
        if (value !== undefined) return { file, value }
      }
    }
    return undefined
  }

  /** At once, since every call asks: the threads of the pool take longer, and keep the main one waiting. */
  #isCurrent(file: string): boolean {
    try {
      return this.#files.get(file)?.version === versionOf(statSync(join(this.path, file)))
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
      names = (await readdir(this.path)).filter((name) => extensions.has(extname(name))).sort()
      this.#unreadable = undefined
    } catch (cause) {
      this.#isStale = true
      this.#unreadable = `PODS_FROM: the directory ${this.path} cannot be read: ${messageOf(cause)}`
      throw new PodSourceError(this.#unreadable, { cause })
    }
    const files = new Map<string, LoadedFile<T>>()
    for (const name of names) {
      const loaded = await this.#load(name)
      if (loaded !== undefined) files.set(name, loaded)
    }
    const before = this.#files
    this.#files = files
    // A file that has not changed is kept as it was.
    const isSame = before.size === files.size && [...files].every(([name, file]) => before.get(name) === file)
    if (!isSame) this.#listeners.tell(undefined)
  }

  async #load(name: string): Promise<LoadedFile<T> | undefined> {
    const path = join(this.path, name)
    const known = this.#files.get(name)
    try {
      const found = await stat(path)
      const version = versionOf(found)
      if (known?.version === version) return known
      const useless = (error: unknown) => this.#useless(path, { version, objects: known?.objects }, error)
      if (!found.isFile()) return useless(new Error('no regular file'))
      if (found.size > largestManifest) return useless(new Error(`larger than ${largestManifest} bytes`))
      const text = await textOf(path, found)
      try {
        return { version, objects: this.#objectsIn(text) }
      } catch (error) {
        return useless(error)
      }
    } catch (error) {
      this.#log.warn({ file: path, err: error }, 'skipped a manifest file that cannot be read')
      // Its version is the former one: it is read again.
      return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : known
    }
  }

  #objectsIn(text: string): Map<string, T> {
    const objects = new Map<string, T>()
    for (const manifest of manifestsIn(text)) {
      const entry = this.#take(manifest)
      if (entry !== undefined) objects.set(...entry)
    }
    return objects
  }

  /** Told once and not tried again before the file changes; what it had is kept, since whoever spoils it ends no pod. */
  #useless(
    path: string,
    { version, objects = new Map() }: { version: string; objects: LoadedFile<T>['objects'] | undefined },
    error: unknown,
  ): LoadedFile<T> {
    this.#log.warn({ file: path, err: error }, 'skipped a file that holds no manifests')
    return { version, objects }
  }
}
