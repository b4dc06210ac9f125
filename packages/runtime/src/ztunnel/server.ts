import type { Logger } from 'pino'
import { closeDescriptor } from '../netns/libc.ts'
import { ZtunnelConnection } from './connection.ts'
import { Connections } from './connections.ts'
import { DescriptorLoop } from './descriptor-loop.ts'
import { ZtunnelError } from './errors.ts'
import { Listener } from './listener.ts'
import { encodeDel } from './messages.ts'
import type { ZtunnelObserver } from './observer.ts'
import { PacketSocket } from './packet-socket.ts'
import { sendSnapshot } from './snapshot.ts'
import { SocketFile } from './socket-file.ts'
import { addRequest, type ZdsWorkload } from './workload.ts'

/** A node has one ztunnel, two while it is replaced. */
const mostConnections = 16

export type ZtunnelServerOptions = Readonly<{
  socketPath: string
  /** Every workload that a ztunnel must serve that connects now. A pod is in it before `add`, and no longer at `remove`. */
  workloads: () => readonly ZdsWorkload[]
  log: Logger
  observer: ZtunnelObserver
  /** Milliseconds for a hello and for each ack. @default 5000, as the original */
  ackDeadlineMs?: number
  /** Milliseconds that `add` waits for a ztunnel when none is connected. @default 4000 */
  connectionWaitMs?: number
}>

/**
 * The agent's end of ZDS, zds.proto: tells every ztunnel that connects the node's workloads, then each change. It
 * remembers nothing of pods; a pod that could not be told is in the next snapshot.
 */
export class ZtunnelServer {
  readonly #options: ZtunnelServerOptions
  readonly #connections = new Connections()
  readonly #ackDeadlineMs: number
  readonly #connectionWaitMs: number
  readonly #loop: DescriptorLoop
  readonly #listener: Listener
  #isRunning = false
  #isClosed = false

  constructor(options: ZtunnelServerOptions) {
    this.#options = options
    this.#ackDeadlineMs = options.ackDeadlineMs ?? 5_000
    this.#connectionWaitMs = options.connectionWaitMs ?? 4_000
    this.#loop = new DescriptorLoop(options.log)
    const file = new SocketFile(options.socketPath)
    this.#listener = new Listener(file, this.#loop, options.log, (fd, peer) => this.#accepted(fd, peer))
  }

  /** Rejects with ZtunnelError `no-socket`. */
  async start(): Promise<void> {
    this.#listener.listen()
    this.#isRunning = true
    this.#loop.start(() => this.#listener.repair())
  }

  /**
   * Resolves when the newest ztunnel has acked the workload. A ztunnel that goes away before is followed by the next
   * one, or the one before it, within the wait for a connection. Rejects with ZtunnelError.
   */
  async add(workload: ZdsWorkload): Promise<void> {
    const request = addRequest(workload)
    const until = performance.now() + this.#connectionWaitMs
    for (;;) {
      const connection = await this.#connection(until)
      try {
        return await connection.request(request)
      } catch (error) {
        const isGone = error instanceof ZtunnelError && error.code === 'disconnected'
        if (!isGone || !this.#isRunning || performance.now() >= until) throw error
      }
    }
  }

  /** Resolves when every ztunnel has answered or is gone; never rejects. */
  async remove(uid: string): Promise<void> {
    const request = { kind: 'del', bytes: encodeDel(uid) } as const
    const answers = this.#connections.greeted.map(async (connection) => {
      try {
        await connection.request(request)
      } catch (error) {
        this.#options.log.warn({ uid, err: error }, 'ztunnel did not confirm that an ambient pod left')
      }
    })
    await Promise.all(answers)
  }

  /** `problem`: why pods cannot be added now. `lastBeat`: milliseconds since the epoch, at most a second or two ago. */
  state(): Readonly<{ connections: number; snapshotSent: boolean; problem?: string; lastBeat: number }> {
    const problem = this.#problem()
    return {
      connections: this.#connections.count,
      snapshotSent: this.#connections.newest?.hasSnapshot ?? false,
      ...(problem === undefined ? {} : { problem }),
      lastBeat: this.#loop.lastBeat,
    }
  }

  /** Hangs up; ztunnels keep serving their pods and connect to the agent that follows. */
  async close(): Promise<void> {
    this.#isRunning = false
    this.#isClosed = true
    this.#listener.close()
    this.#connections.end(new ZtunnelError('disconnected', 'the agent is stopping'))
    await this.#loop.stop()
  }

  #problem(): string | undefined {
    const { socketPath } = this.#options
    if (!this.#isRunning) return `the socket ${socketPath} is not served`
    if (this.#connections.count === 0) return `no ztunnel is connected to ${socketPath}`
    if (this.#connections.newest === undefined) return 'a ztunnel is connected but has not said hello'
    if (!this.#connections.newest.hasSnapshot) return 'ztunnel has not acked all pods of the node yet'
    return undefined
  }

  async #connection(until: number): Promise<ZtunnelConnection> {
    if (!this.#isRunning) {
      // Nobody waits before the start: it comes after all running pods have been looked for, this one among them.
      const why = this.#isClosed
        ? 'the agent is stopping'
        : 'the agent has just started and serves no ztunnel yet'
      throw new ZtunnelError('no-connection', why)
    }
    return await this.#connections.wait(until - performance.now())
  }

  #accepted(fd: number, peer: Readonly<{ pid: number; uid: number }>): void {
    if (this.#connections.count >= mostConnections) {
      closeDescriptor(fd)
      this.#options.log.warn({ peer }, `refused a connection of ztunnel: ${mostConnections} are open`)
      return
    }
    const log = this.#options.log.child({ ztunnel: peer.pid })
    const socket = new PacketSocket(fd, this.#loop)
    const connection: ZtunnelConnection = new ZtunnelConnection({
      wire: socket,
      log,
      observer: this.#options.observer,
      ackDeadlineMs: this.#ackDeadlineMs,
      onHello: () => void this.#greeted(connection, log),
      onClosed: (reason) => this.#closed(connection, log, reason),
    })
    this.#connections.add(connection)
    socket.serve(connection)
    this.#options.observer.connectionsChanged(this.#connections.count)
    log.info({ uid: peer.uid, connections: this.#connections.count }, 'ztunnel of the ambient mesh connected')
  }

  async #greeted(connection: ZtunnelConnection, log: Logger): Promise<void> {
    const begun = performance.now()
    try {
      const workloads = this.#options.workloads()
      const acked = sendSnapshot(connection, workloads, log)
      this.#connections.greet(connection)
      const refused = await acked
      connection.hasSnapshot = true
      const seconds = (performance.now() - begun) / 1000
      const isNewest = this.#connections.newest === connection
      this.#options.observer.snapshotAcked({ workloads, refused, seconds, isNewest })
      log.info(
        { pods: workloads.length, refused, ms: Math.round(seconds * 1000) },
        'told ztunnel the ambient pods',
      )
    } catch (error) {
      if (connection.isClosed) return
      log.error({ err: error }, 'could not tell ztunnel the ambient pods')
      connection.close(new ZtunnelError('disconnected', 'the snapshot failed', { cause: error }))
    }
  }

  #closed(connection: ZtunnelConnection, log: Logger, reason: ZtunnelError): void {
    const isNewest = this.#connections.newest === connection
    this.#connections.remove(connection)
    const connections = this.#connections.count
    this.#options.observer.connectionsChanged(connections)
    if (isNewest) this.#options.observer.newestGone()
    const fields = { connections, code: reason.code, because: reason.message }
    if (this.#isRunning) log.warn(fields, 'ztunnel of the ambient mesh disconnected')
    else log.info(fields, 'hung up on ztunnel of the ambient mesh')
  }
}
