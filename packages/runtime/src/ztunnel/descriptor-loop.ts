import { readSync, writeSync } from 'node:fs'
import type { Logger } from 'pino'
import { closeDescriptor, openEvent, pollDescriptors } from '../netns/libc.ts'

/** <poll.h>; the last two are told even when not asked for. */
export const POLL = { in: 1, out: 4, error: 8, hangUp: 16 } as const

/** Milliseconds that the loop rests at most: how often its beat moves while nothing happens. */
const rest = 1_000

/** A descriptor in the loop. */
export interface Watched {
  readonly fd: number
  /** Events of {@link POLL} that matter now. */
  wanted(): number
  /** Must not block. */
  happened(events: number): void
}

/**
 * Waits for all descriptors of the room with one `poll` at a time, on one thread of libuv's pool however many they
 * are; everything else happens on the main thread, which never waits.
 */
export class DescriptorLoop {
  /** When the loop last came round, milliseconds since the epoch. */
  lastBeat = Date.now()
  readonly #log: Logger
  readonly #event = openEvent()
  readonly #watched = new Set<Watched>()
  #discarded: number[] = []
  #isPolling = false
  #isStopping = false
  #ended: Promise<void> | undefined
  // A thread in `poll` would hold the end of the process up.
  readonly #atExit = (): void => this.wake()

  constructor(log: Logger) {
    this.#log = log
  }

  /** @param beat called whenever the loop comes round, at least once a second */
  start(beat: () => void): void {
    process.on('exit', this.#atExit)
    this.#ended = this.#run(beat)
  }

  watch(watched: Watched): void {
    this.#watched.add(watched)
    this.wake()
  }

  /** Closes the descriptor as soon as no `poll` waits for it, so that its number cannot come to mean another. */
  discard(watched: Watched): void {
    if (!this.#watched.delete(watched)) return
    this.#discarded.push(watched.fd)
    this.wake()
  }

  /** Makes the loop ask {@link Watched.wanted} anew. */
  wake(): void {
    if (this.#isPolling) writeSync(this.#event, new BigUint64Array([1n]))
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return this.#ended
    this.#isStopping = true
    this.wake()
    await this.#ended
    for (const watched of [...this.#watched]) this.discard(watched)
    this.#closeDiscarded()
    closeDescriptor(this.#event)
    process.off('exit', this.#atExit)
  }

  async #run(beat: () => void): Promise<void> {
    while (!this.#isStopping) {
      const watched = [...this.#watched]
      const asked = Buffer.alloc(8 * (watched.length + 1))
      askFor(asked, 0, this.#event, POLL.in)
      for (const [index, entry] of watched.entries()) askFor(asked, index + 1, entry.fd, entry.wanted())
      await this.#poll(asked)
      this.#closeDiscarded()
      this.lastBeat = Date.now()
      beat()
      for (const [index, entry] of watched.entries()) {
        const events = answered(asked, index + 1)
        if (events !== 0 && this.#watched.has(entry)) this.#tell(entry, events)
      }
    }
  }

  /** Whoever cannot cope with its events is not asked again; the others go on. */
  #tell(entry: Watched, events: number): void {
    try {
      entry.happened(events)
    } catch (error) {
      this.#log.error({ err: error }, 'a socket of ztunnel was given up')
      this.discard(entry)
    }
  }

  async #poll(asked: Buffer): Promise<void> {
    this.#isPolling = true
    try {
      // Negative when a signal came in between: the next round asks again.
      if ((await pollDescriptors(asked, rest)) < 0) asked.fill(0)
    } catch (error) {
      this.#log.error({ err: error }, 'waiting for ztunnel failed')
      await new Promise((resolve) => setTimeout(resolve, rest))
    } finally {
      this.#isPolling = false
    }
    if (answered(asked, 0) !== 0) readSync(this.#event, Buffer.alloc(8))
  }

  #closeDiscarded(): void {
    for (const fd of this.#discarded) closeDescriptor(fd)
    this.#discarded = []
  }
}

/** struct pollfd: descriptor, events wanted, events that happened. */
function askFor(asked: Buffer, index: number, fd: number, events: number): void {
  asked.writeInt32LE(fd, 8 * index)
  asked.writeInt16LE(events, 8 * index + 4)
}

const answered = (asked: Buffer, index: number): number => asked.readInt16LE(8 * index + 6)
