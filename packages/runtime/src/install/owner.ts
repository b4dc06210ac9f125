import { lstat, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FILE_NAME } from '@istio-install-cni/config-schema'
import { messageOf } from '../errors.ts'
import type { Installation } from './installation.ts'
import type { Log } from './log.ts'
import {
  claimFree,
  clearDead,
  type Holder,
  holderOf,
  listenAsOwner,
  type OwnerSocket,
} from './owner-socket.ts'

/** Longest address of a Unix socket (unix(7)), without its end. */
const longestAddress = 107
const attempts = 4

/**
 * One installation keeps a node's network configuration: the one that listens at a socket in that directory.
 * See docs/decisions/0005-one-installation-per-node.md.
 */
export class Owner {
  readonly #directory: string
  readonly #place: string
  readonly #own: Installation
  readonly #log: Log
  #socket: OwnerSocket | undefined
  #hasTold = false

  constructor(directory: string, own: Installation, log: Log) {
    this.#directory = directory
    this.#place = join(directory, FILE_NAME.owner)
    this.#own = own
    this.#log = log
  }

  /** Becomes or stays the owner; gives why not, naming the other installation. */
  async claim(): Promise<string | undefined> {
    try {
      return await this.#claim()
    } catch (error) {
      // Without a socket nobody can be told; the directory's other problems are told where it is written.
      if (!this.#hasTold)
        this.#log.warn({ path: this.#place, why: messageOf(error) }, 'cannot tell other installations of us')
      this.#hasTold = true
      return undefined
    }
  }

  /** The agent that keeps the node in our stead, another installation's or our successor; its files must stay. */
  async other(): Promise<string | undefined> {
    if (await this.#isOurs()) return undefined
    const holder = await holderOf(this.#place)
    if (holder.state === 'alive') return holder.installation.agent
    return holder.state === 'unknown' ? `whoever listens at ${this.#place}` : undefined
  }

  /** For an uninstallation: a record that nobody keeps goes too. */
  async remove(): Promise<void> {
    await this.release()
    if ((await holderOf(this.#place)).state === 'dead') await clearDead(this.#place).catch(() => undefined)
  }

  /** Stops telling; the successor of the same installation keeps its own socket. */
  async release(): Promise<void> {
    if (await this.#isOurs()) await rm(this.#place, { force: true }).catch(() => undefined)
    await this.#close()
  }

  async #claim(): Promise<string | undefined> {
    if (await this.#isOurs()) return undefined
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const holder = await holderOf(this.#place)
      if (holder.state === 'unknown')
        return `another program listens at ${this.#place} and does not say who it is`
      if (holder.state === 'alive' && holder.installation.id !== this.#own.id)
        return this.#refusal(holder.installation)
      // A successor of ours has the place: it is in good hands.
      if (holder.state === 'alive' && this.#socket !== undefined) return undefined
      if (await this.#take(holder)) return undefined
    }
    return `${this.#place} changes all the time: several installations start on this node`
  }

  async #take(holder: Holder): Promise<boolean> {
    await this.#close()
    // Also the temporary name, which is longer.
    if (Buffer.byteLength(this.#directory) + 40 > longestAddress)
      throw new Error('the path of the directory is too long for a socket')
    const socket = await listenAsOwner(this.#directory, this.#own)
    this.#socket = socket
    try {
      if (holder.state === 'alive') {
        await rename(socket.path, this.#place)
        this.#log.info({ predecessor: holder.installation.agent }, 'took the node over from our predecessor')
        return true
      }
      if (holder.state === 'dead') {
        await clearDead(this.#place)
        this.#log.info({ path: this.#place }, 'took the node over from an agent that is gone')
      }
      if (await claimFree(socket, this.#place)) return true
    } catch (error) {
      await this.#close()
      throw error
    }
    await this.#close()
    return false
  }

  #refusal({ id, agent, since }: Installation): string {
    return `another installation, ${id} (${agent}, since ${since}), keeps ${this.#directory} of this node, and ours is ${this.#own.id}: uninstall one of the two`
  }

  async #isOurs(): Promise<boolean> {
    if (this.#socket === undefined) return false
    const now = await lstat(this.#place, { bigint: true }).catch(() => undefined)
    return now?.ino === this.#socket.inode
  }

  async #close(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    if (socket === undefined) return
    await new Promise((resolve) => socket.server.close(resolve))
  }
}
