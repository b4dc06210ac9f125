import type { Logger } from 'pino'
import { acceptPacketConnection, closeDescriptor, peerOf } from '../netns/libc.ts'
import { type DescriptorLoop, POLL, type Watched } from './descriptor-loop.ts'
import type { SocketFile } from './socket-file.ts'

/** Milliseconds between two connections: a ztunnel in a loop of its own must not keep the agent busy with snapshots. */
const pause = 200
/** Milliseconds after which a lost socket is made anew. */
const repairEvery = 5_000

/** The listening socket: accepts root's connections, and comes back when its file has been removed. */
export class Listener {
  readonly #file: SocketFile
  readonly #loop: DescriptorLoop
  readonly #log: Logger
  readonly #accepted: (fd: number, peer: Readonly<{ pid: number; uid: number }>) => void
  #watched: Watched | undefined
  #isPausing = false
  #lookedAt = Date.now()

  constructor(
    file: SocketFile,
    loop: DescriptorLoop,
    log: Logger,
    accepted: (fd: number, peer: Readonly<{ pid: number; uid: number }>) => void,
  ) {
    this.#file = file
    this.#loop = loop
    this.#log = log
    this.#accepted = accepted
  }

  /** Throws ZtunnelError `no-socket`. */
  listen(): void {
    const fd = this.#file.listen()
    if (this.#watched !== undefined) this.#loop.discard(this.#watched)
    this.#watched = {
      fd,
      wanted: () => (this.#isPausing ? 0 : POLL.in),
      happened: () => this.#accept(fd),
    }
    this.#loop.watch(this.#watched)
  }

  /** To be called often; looks at the file now and then. */
  repair(): void {
    if (Date.now() - this.#lookedAt < repairEvery) return
    this.#lookedAt = Date.now()
    try {
      if (this.#file.presence() !== 'absent') return
      this.listen()
      this.#log.warn({ path: this.#file.path }, "made ztunnel's socket anew: its file had been removed")
    } catch (error) {
      this.#log.error({ err: error }, "could not make ztunnel's socket anew")
    }
  }

  close(): void {
    if (this.#watched !== undefined) this.#loop.discard(this.#watched)
    this.#watched = undefined
    this.#file.remove()
  }

  #accept(listener: number): void {
    this.#pause()
    try {
      const fd = acceptPacketConnection(listener)
      if (fd === undefined) return
      const peer = peerOf(fd)
      if (peer !== undefined && isTrusted(peer.uid)) {
        this.#accepted(fd, peer)
        return
      }
      closeDescriptor(fd)
      this.#log.warn({ peer }, 'refused a connection to the socket of ztunnel: it is not root')
    } catch (error) {
      this.#log.error({ err: error }, 'could not accept a connection of ztunnel')
    }
  }

  #pause(): void {
    this.#isPausing = true
    setTimeout(() => {
      this.#isPausing = false
      this.#loop.wake()
    }, pause).unref()
  }
}

const isTrusted = (uid: number): boolean => uid === 0 || uid === process.getuid?.()
