/** Native nftables through libnftables, in the calling thread's network namespace; no process is started. */
import { writeSync } from 'node:fs'
import { NetnsError } from './errors.ts'
import { missingInKernel } from './kernel-support.ts'
import {
  closeDescriptor,
  type Libnftables,
  loadLibnftables,
  type NftContext,
  openMemoryFile,
  openNetlinkSocket,
} from './libc.ts'
import { type SharedLock, whileLocked } from './lock.ts'

/** <nftables/libnftables.h>: listings without counters, which change with every packet. */
const statelessOutput = 1 << 2
/** <nftables/libnftables.h>: listings without the members of sets. */
const terseOutput = 1 << 11

/** Counters are left out and members of sets listed unless said otherwise. */
type ListingOptions = Readonly<{ counters?: boolean; members?: boolean }>

/** Without them the library would end the whole process. */
function requireNetfilterSockets(): void {
  try {
    closeDescriptor(openNetlinkSocket('netfilter', 1))
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new NetnsError('kernel-support', 'the kernel has no netfilter sockets (nfnetlink)', {
      detail,
      cause,
    })
  }
}

export class Nftables {
  readonly #library: Libnftables
  readonly #lock: SharedLock
  readonly #holder: number

  private constructor(library: Libnftables, lock: SharedLock, holder: number) {
    this.#library = library
    this.#lock = lock
    this.#holder = holder
  }

  /** Throws `backend-missing` with the loader's words, `kernel-support` on a kernel without nfnetlink. */
  static load(file: string, lock: SharedLock, holder: number): Nftables {
    requireNetfilterSockets()
    try {
      return new Nftables(loadLibnftables(file), lock, holder)
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause)
      throw new NetnsError('backend-missing', `${file} cannot be loaded`, { detail, cause })
    }
  }

  /**
   * One command text, one transaction: all of it happens or nothing. A context is made for each call because it
   * belongs to the namespace in which it was made. Returns what was printed; throws `rules-refused`.
   */
  run(commands: string, options: ListingOptions = {}): string {
    return whileLocked(this.#lock, this.#holder, () => {
      const library = this.#library
      const context = library.create()
      try {
        library.setOutputFlags(
          context,
          (options.counters ? 0 : statelessOutput) | (options.members === false ? terseOutput : 0),
        )
        const status = library.run(context, commands)
        const output = library.output(context)
        const errors = library.errors(context)
        if (status !== 0) throw this.#refusal(context, commands, errors)
        return output
      } finally {
        library.free(context)
      }
    })
  }

  /**
   * For a text in memory the library quotes its first line, whatever line is wrong. A trial of the same text as a
   * file is refused with the number and the words of the wrong one.
   */
  #refusal(context: NftContext, commands: string, errors: string): NetnsError {
    const file = openMemoryFile('rules')
    try {
      writeSync(file, commands)
      this.#library.checkFile(context, `/proc/self/fd/${file}`)
      const located = this.#library.errors(context).replaceAll(`/proc/self/fd/${file}:`, 'line ')
      const detail = located || errors
      const missing = missingInKernel(detail)
      return missing
        ? new NetnsError('kernel-support', `nftables refused the rules; ${missing}`, { detail })
        : new NetnsError('rules-refused', 'nftables refused the rules', { detail })
    } finally {
      closeDescriptor(file)
    }
  }

  /** All tables of the namespace, each as `"inet istio-proxy-nat"`. */
  tables(): string[] {
    return this.run('list tables')
      .split('\n')
      .filter((line) => line.startsWith('table '))
      .map((line) => line.slice('table '.length).trim())
  }

  /** The listing of one table, without the warning lines that libnftables adds for tables of iptables. */
  table(familyAndName: string, options: ListingOptions = {}): string {
    return this.run(`list table ${familyAndName}`, options)
  }
}
