import { receivePacket, SystemCallError, sendPacket, shutDownConnection } from '../netns/libc.ts'
import type { ZtunnelConnection } from './connection.ts'
import { type DescriptorLoop, POLL, type Watched } from './descriptor-loop.ts'
import { ZtunnelError } from './errors.ts'

/** Bytes. Only the text of a refusal can be long; a packet that fills the buffer may have been cut. */
const largestPacket = 16 * 1024
/** Packets taken before others get their turn. */
const atATime = 64

/** Room for one packet: it is decoded before the next one is read. */
const buffer = Buffer.alloc(largestPacket)

/** The end of an accepted connection, in the loop. */
export class PacketSocket implements Watched {
  readonly fd: number
  readonly #loop: DescriptorLoop
  #connection: ZtunnelConnection | undefined

  constructor(fd: number, loop: DescriptorLoop) {
    this.fd = fd
    this.#loop = loop
  }

  serve(connection: ZtunnelConnection): void {
    this.#connection = connection
    this.#loop.watch(this)
  }

  send(bytes: Uint8Array, descriptor?: number): boolean {
    const isSent = sendPacket(this.fd, bytes, descriptor)
    // The running `poll` does not look for room yet.
    if (!isSent) setImmediate(() => this.#loop.wake())
    return isSent
  }

  close(): void {
    shutDownConnection(this.fd)
    this.#loop.discard(this)
  }

  wanted(): number {
    return this.#connection?.isBlocked === true ? POLL.in | POLL.out : POLL.in
  }

  happened(events: number): void {
    const connection = this.#connection
    if (connection === undefined) return
    try {
      if ((events & (POLL.in | POLL.hangUp | POLL.error)) !== 0) this.#receive(connection)
      if ((events & POLL.out) !== 0) connection.writable()
    } catch (error) {
      const words = error instanceof SystemCallError ? error.message : String(error)
      connection.close(new ZtunnelError('disconnected', `ztunnel went away: ${words}`, { cause: error }))
    }
  }

  #receive(connection: ZtunnelConnection): void {
    for (let taken = 0; taken < atATime && !connection.isClosed; taken++) {
      const length = receivePacket(this.fd, buffer)
      if (length === undefined) return
      const fault = faultOf(length)
      if (fault === undefined) connection.received(buffer.subarray(0, length))
      else connection.close(new ZtunnelError('disconnected', fault))
    }
  }
}

function faultOf(length: number): string | undefined {
  if (length === 0) return 'ztunnel hung up'
  if (length === largestPacket) return `ztunnel sent a packet of ${largestPacket} bytes or more`
  return undefined
}
