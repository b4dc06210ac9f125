import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { closeDescriptor, openPacketListener } from '../netns/libc.ts'
import { ZtunnelError } from './errors.ts'

/** Connections that may wait to be accepted. */
const backlog = 64

/** A socket in the file system that may since have been removed, or replaced by the agent that follows this one. */
export class SocketFile {
  readonly path: string
  #made: Stats | undefined

  constructor(path: string) {
    this.path = path
  }

  /**
   * Makes the socket and puts it in the place of whatever is there, at once: ztunnel finds the old or the new one,
   * never none.
   * @returns the listening descriptor, the caller's to close. Throws ZtunnelError `no-socket`.
   */
  listen(): number {
    const unfinished = `${this.path}.${process.pid}`
    let listener: number | undefined
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o755 })
      rmSync(unfinished, { force: true })
      listener = listenBehind(unfinished)
      chmodSync(unfinished, mode())
      this.#made = lstatSync(unfinished)
      renameSync(unfinished, this.path)
      return listener
    } catch (error) {
      if (listener !== undefined) closeDescriptor(listener)
      rmSync(unfinished, { force: true })
      const words = error instanceof Error ? error.message : String(error)
      throw new ZtunnelError('no-socket', `cannot listen for ztunnel on ${this.path}: ${words}`, {
        cause: error,
      })
    }
  }

  /** `ours`, somebody else's (`replaced`), or not there. */
  presence(): 'ours' | 'replaced' | 'absent' {
    const found = lstatSync(this.path, { throwIfNoEntry: false })
    if (found === undefined) return 'absent'
    return found.ino === this.#made?.ino && found.dev === this.#made.dev ? 'ours' : 'replaced'
  }

  /** Removes the file unless it is somebody else's by now. */
  remove(): void {
    if (this.presence() === 'ours') rmSync(this.path, { force: true })
  }
}

/** Nobody gets in between `bind` and `chmod`. */
function listenBehind(path: string): number {
  const before = process.umask(0o177)
  try {
    return openPacketListener(path, backlog)
  } finally {
    process.umask(before)
  }
}

/**
 * Whoever connects is given network namespaces, so only root may; the server looks at the peer too. ztunnel is root
 * without the capability to pass by file modes: where the agent is not root, its file must let everybody connect.
 */
function mode(): number {
  return process.geteuid?.() === 0 ? 0o600 : 0o666
}
