/**
 * rtnetlink(7) messages as bytes: header, a fixed body per kind, attributes. Little-endian as both of our
 * architectures are. Pure but for {@link RouteSocket}.
 */
import {
  closeDescriptor,
  errnoName,
  openRouteSocket,
  receiveBytes,
  SystemCallError,
  sendBytes,
} from './libc.ts'

const headerLength = 16
const attributeHeaderLength = 4
/** A pod may own its namespace and fill it: what is read of it has an end. */
const mostObjects = 65_536

/** <linux/netlink.h> */
export const flags = { request: 0x1, ack: 0x4, dump: 0x300, exclusive: 0x200, create: 0x400 } as const
const kinds = { error: 2, done: 3 } as const

export type Attribute = Readonly<{ type: number; value: Uint8Array }>
export type Message = Readonly<{ kind: number; body: Buffer }>

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

const aligned = (length: number) => (length + 3) & ~3

export function encodeMessage(
  kind: number,
  messageFlags: number,
  sequence: number,
  body: Uint8Array,
  attributes: readonly Attribute[],
): Buffer {
  const length =
    headerLength +
    aligned(body.length) +
    attributes.reduce((sum, { value }) => sum + aligned(attributeHeaderLength + value.length), 0)
  const bytes = Buffer.alloc(length)
  bytes.writeUInt32LE(length, 0)
  bytes.writeUInt16LE(kind, 4)
  bytes.writeUInt16LE(messageFlags, 6)
  bytes.writeUInt32LE(sequence, 8)
  bytes.set(body, headerLength)
  let at = headerLength + aligned(body.length)
  for (const { type, value } of attributes) {
    bytes.writeUInt16LE(attributeHeaderLength + value.length, at)
    bytes.writeUInt16LE(type, at + 2)
    bytes.set(value, at + attributeHeaderLength)
    at += aligned(attributeHeaderLength + value.length)
  }
  return bytes
}

/** The messages of one datagram; what is cut short is left out. */
export function decodeMessages(bytes: Buffer): Message[] {
  const messages: Message[] = []
  let at = 0
  while (at + headerLength <= bytes.length) {
    const length = bytes.readUInt32LE(at)
    if (length < headerLength || at + length > bytes.length) break
    messages.push({ kind: bytes.readUInt16LE(at + 4), body: bytes.subarray(at + headerLength, at + length) })
    at += aligned(length)
  }
  return messages
}

/** The attributes behind a fixed body; of two with one type the last counts. */
export function decodeAttributes(body: Buffer, fixedLength: number): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>()
  let at = aligned(fixedLength)
  while (at + attributeHeaderLength <= body.length) {
    const length = body.readUInt16LE(at)
    if (length < attributeHeaderLength || at + length > body.length) break
    attributes.set(body.readUInt16LE(at + 2), body.subarray(at + attributeHeaderLength, at + length))
    at += aligned(length)
  }
  return attributes
}

/** A routing netlink socket in the calling thread's network namespace. Errors are {@link SystemCallError}. */
export class RouteSocket implements Disposable {
  readonly #fd = openRouteSocket(2)
  readonly #buffer = Buffer.alloc(64 * 1024)
  #sequence = 0

  /** Sends one change and waits for its acknowledgement. */
  request(kind: number, changeFlags: number, body: Uint8Array, attributes: readonly Attribute[]): void {
    this.#sequence += 1
    sendBytes(
      this.#fd,
      encodeMessage(kind, flags.request | flags.ack | changeFlags, this.#sequence, body, attributes),
    )
    for (const message of this.#receive()) throwIfError(message)
  }

  /** All objects of a kind. */
  dump(kind: number, body: Uint8Array): Message[] {
    this.#sequence += 1
    sendBytes(this.#fd, encodeMessage(kind, flags.request | flags.dump, this.#sequence, body, []))
    const found: Message[] = []
    for (;;) {
      for (const message of this.#receive()) {
        if (message.kind === kinds.done) return found
        throwIfError(message)
        found.push(message)
        if (found.length > mostObjects) throw new SystemCallError('netlink dump', 'EMSGSIZE')
      }
    }
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.#fd)
  }

  #receive(): Message[] {
    const length = receiveBytes(this.#fd, this.#buffer)
    // A copy: the next datagram overwrites the buffer while these messages are still looked at.
    return decodeMessages(Buffer.from(this.#buffer.subarray(0, length)))
  }
}

function throwIfError(message: Message): void {
  if (message.kind !== kinds.error) return
  const error = message.body.readInt32LE(0)
  if (error !== 0) throw new SystemCallError('netlink', errnoName(-error))
}
