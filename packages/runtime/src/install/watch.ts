import { type BigIntStats, type FSWatcher, watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface WatchedDirectory {
  path: string
  /** Only this file of it matters; without it all do. */
  only?: string
}

export interface WatchTimes {
  /** Events within this time are one change. */
  debounceMs: number
  /** How often to look without being told, for file systems and limits that swallow events. */
  pollMs: number
}

/**
 * Tells of changes in directories: by inotify, and by looking now and then. It says too much rather than too
 * little; whoever listens compares for himself. Directories may come, go and be replaced.
 */
export class DirectoryWatch {
  readonly #directories: readonly WatchedDirectory[]
  readonly #onChange: () => void
  readonly #times: WatchTimes
  readonly #watchers = new Map<string, { watcher: FSWatcher; inode: bigint }>()
  readonly #seen = new Map<string, string>()
  #debounce: NodeJS.Timeout | undefined
  #poll: NodeJS.Timeout | undefined
  #closed = false

  constructor(directories: readonly WatchedDirectory[], onChange: () => void, times: WatchTimes) {
    this.#directories = directories
    this.#onChange = onChange
    this.#times = times
  }

  /** Resolves when every directory that exists is being watched. */
  async start(): Promise<void> {
    await this.#look(false)
    this.#scheduleLook()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#debounce)
    clearTimeout(this.#poll)
    for (const { watcher } of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #scheduleLook(): void {
    if (this.#closed) return
    this.#poll = setTimeout(async () => {
      await this.#look(true)
      this.#scheduleLook()
    }, this.#times.pollMs)
  }

  async #look(tell: boolean): Promise<void> {
    for (const directory of this.#directories) {
      this.#watch(directory, await stat(directory.path, { bigint: true }).catch(() => undefined))
      const fingerprint = await fingerprintOf(directory)
      if (tell && this.#seen.get(directory.path) !== fingerprint) this.#changed()
      this.#seen.set(directory.path, fingerprint)
    }
  }

  #watch({ path, only }: WatchedDirectory, stats: BigIntStats | undefined): void {
    const known = this.#watchers.get(path)
    if (this.#closed || (known !== undefined && known.inode === stats?.ino)) return
    known?.watcher.close()
    this.#watchers.delete(path)
    if (stats === undefined) return
    try {
      const watcher = watch(path, (_event, name) => {
        if (only === undefined || name === null || name === only) this.#changed()
      })
      // Out of inotify watches, or the directory is gone: the next look tries again.
      watcher.on('error', () => this.#watchers.delete(path))
      this.#watchers.set(path, { watcher, inode: stats.ino })
    } catch {
      this.#watchers.delete(path)
    }
  }

  #changed(): void {
    if (this.#closed || this.#debounce !== undefined) return
    this.#debounce = setTimeout(() => {
      this.#debounce = undefined
      this.#onChange()
    }, this.#times.debounceMs)
  }
}

/** Changes when a file comes, goes or is written; links are followed, as a token is changed behind `..data`. */
async function fingerprintOf({ path, only }: WatchedDirectory): Promise<string> {
  const names = only === undefined ? await readdir(path).catch(() => []) : [only]
  const files = names.sort().map(async (name) => {
    const stats = await stat(join(path, name), { bigint: true }).catch(() => undefined)
    return `${name} ${stats?.ino} ${stats?.size} ${stats?.mtimeNs} ${stats?.mode}`
  })
  return (await Promise.all(files)).join('\n')
}
