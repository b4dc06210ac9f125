import type { Logger } from 'pino'
import { MalformedPacketError, ZtunnelError } from './errors.ts'
import { decodeAck, decodeHello } from './messages.ts'
import type { RequestKind, ZtunnelObserver } from './observer.ts'

/** Requests that ztunnel may have before it answers: enough to keep it busy, few enough to fit into any queue. */
const window = 16
/**
 * Pods that may wait to be added, without those of the snapshot. Deletions always wait: once one is settled the pod's
 * descriptor is closed, and an addition that is still queued would send whatever has its number then.
 */
const longestQueue = 1024
/** Characters of ztunnel's words that are repeated. */
const longestWords = 512

/** The wire of a connection. Both may throw SystemCallError when the other side is gone. */
interface PacketWire {
  /** @returns false when the packet has to wait */
  send(bytes: Uint8Array, descriptor?: number): boolean
  close(): void
}

export type ZtunnelRequest = Readonly<{
  kind: RequestKind
  bytes: Uint8Array
  /** Sent along; must stay open until the request is settled. */
  descriptor?: number
  /** Of a snapshot, which has its own size. */
  isSnapshot?: boolean
}>

type Pending = ZtunnelRequest & {
  readonly resolve: () => void
  readonly reject: (error: ZtunnelError) => void
  sentAt: number
}

export type ConnectionOptions = Readonly<{
  wire: PacketWire
  log: Logger
  observer: ZtunnelObserver
  /** Milliseconds for the hello and for each answer. */
  ackDeadlineMs: number
  onHello: () => void
  onClosed: (reason: ZtunnelError) => void
}>

/**
 * One ztunnel: its hello, then requests and their answers. Answers come in order and name nothing, so a ztunnel that
 * left one out, or said one too many, can no longer be understood: it is disconnected, connects again and gets the
 * snapshot. A request is queued exactly as long as its promise is unsettled.
 */
export class ZtunnelConnection {
  hasSaidHello = false
  hasSnapshot = false
  readonly #options: ConnectionOptions
  readonly #waiting: Pending[] = []
  readonly #unanswered: Pending[] = []
  #isBlocked = false
  #isClosed = false
  #deadline: NodeJS.Timeout | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#expect()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Whether a packet waits for room in the kernel's queue. */
  get isBlocked(): boolean {
    return this.#isBlocked
  }

  /** Resolves at ztunnel's ack; rejects with ZtunnelError `refused`, `no-ack` or `disconnected`. */
  request(request: ZtunnelRequest): Promise<void> {
    if (isLimited(request) && this.#waiting.filter(isLimited).length >= longestQueue)
      return Promise.reject(new ZtunnelError('no-ack', `${longestQueue} pods wait for ztunnel already`))
    if (this.#isClosed) return Promise.reject(new ZtunnelError('disconnected', 'ztunnel is disconnected'))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ ...request, resolve, reject, sentAt: 0 })
    this.#pump()
    return promise
  }

  /** The kernel has room again. */
  writable(): void {
    this.#isBlocked = false
    this.#pump()
  }

  received(packet: Uint8Array): void {
    try {
      if (this.hasSaidHello) this.#answered(decodeAck(packet))
      else this.#greeted(decodeHello(packet))
    } catch (error) {
      if (!(error instanceof MalformedPacketError)) throw error
      this.close(new ZtunnelError('disconnected', `ztunnel sent a malformed packet: ${error.message}`))
    }
  }

  /** Ends the connection and, with the reason, everything that waits for it. */
  close(reason: ZtunnelError): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#deadline)
    this.#options.wire.close()
    this.#options.onClosed(reason)
    for (const pending of [...this.#unanswered.splice(0), ...this.#waiting.splice(0)]) {
      this.#options.observer.failed(pending.kind, reason.code)
      pending.reject(reason)
    }
  }

  #greeted(version: number): void {
    this.hasSaidHello = true
    if (version !== 1)
      this.#options.log.warn({ version }, 'ztunnel speaks an unknown version of the protocol')
    this.#expect()
    this.#options.onHello()
  }

  #answered(error: string): void {
    const pending = this.#unanswered.shift()
    if (pending === undefined) {
      this.close(new ZtunnelError('disconnected', 'ztunnel answered without having been asked'))
      return
    }
    this.#expect()
    if (error === '') {
      this.#options.observer.acked(pending.kind, (performance.now() - pending.sentAt) / 1000)
      pending.resolve()
    } else {
      this.#options.observer.failed(pending.kind, 'refused')
      pending.reject(new ZtunnelError('refused', `ztunnel refused: ${error.slice(0, longestWords)}`))
    }
    this.#pump()
  }

  #pump(): void {
    while (!this.#isClosed && this.hasSaidHello && !this.#isBlocked && this.#unanswered.length < window) {
      const next = this.#waiting[0]
      if (next === undefined) return
      try {
        this.#isBlocked = !this.#options.wire.send(next.bytes, next.descriptor)
      } catch (error) {
        this.#failed(error)
        continue
      }
      if (!this.#isBlocked) {
        this.#waiting.shift()
        next.sentAt = performance.now()
        this.#unanswered.push(next)
      }
      this.#expect({ unlessRunning: true })
    }
  }

  /** A descriptor that its owner has closed fails its own request, not the connection. */
  #failed(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error)
    if (error instanceof Error && 'errno' in error && error.errno === 'EBADF') {
      const pending = this.#waiting.shift()
      if (pending !== undefined) this.#options.observer.failed(pending.kind, 'refused')
      pending?.reject(
        new ZtunnelError('refused', `the network namespace is closed: ${words}`, { cause: error }),
      )
    } else this.close(new ZtunnelError('disconnected', `ztunnel went away: ${words}`, { cause: error }))
  }

  /** (Re)starts the time for what is due next: the hello, or the oldest unanswered request. */
  #expect({ unlessRunning = false } = {}): void {
    if (unlessRunning && this.#deadline !== undefined) return
    clearTimeout(this.#deadline)
    this.#deadline = undefined
    if (this.#isClosed || (this.hasSaidHello && this.#unanswered.length === 0 && !this.#isBlocked)) return
    const { ackDeadlineMs } = this.#options
    const what = this.hasSaidHello ? 'answered' : 'said hello'
    this.#deadline = setTimeout(
      () => this.close(new ZtunnelError('no-ack', `ztunnel has not ${what} within ${ackDeadlineMs} ms`)),
      ackDeadlineMs,
    )
  }
}

const isLimited = ({ kind, isSnapshot }: ZtunnelRequest): boolean => kind === 'add' && isSnapshot !== true
