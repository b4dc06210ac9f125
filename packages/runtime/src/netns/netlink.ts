/**
 * netlink(7) messages as bytes: header, a fixed body per kind, attributes. Little-endian as both of our
 * architectures are. Pure but for {@link NetlinkSocket}.
 */
import {
  closeDescriptor,
  errnoName,
  openNetlinkSocket,
  receiveBytes,
  SystemCallError,
  sendBytes,
} from './libc.ts'

const headerLength = 16
const attributeHeaderLength = 4
/** A pod may own its namespace and fill it: what is read of it has an end. */
const mostObjects = 65_536
const mostBytes = 4 * 1024 * 1024

/** <linux/netlink.h> */
export const flags = {
  request: 0x1,
  ack: 0x4,
  dump: 0x300,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
} as const
const nestedFlag = 0x8000
const attributeTypeMask = 0x3fff
const kinds = { error: 2, done: 3 } as const

export type Attribute = Readonly<{ type: number; value: Uint8Array }>
export type Message = Readonly<{ kind: number; sequence: number; body: Buffer }>
export type Change = Readonly<{
  kind: number
  changeFlags: number
  body: Uint8Array
  attributes: readonly Attribute[]
}>

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
  const length = headerLength + aligned(body.length) + encodedLength(attributes)
  const bytes = Buffer.alloc(length)
  bytes.writeUInt32LE(length, 0)
  bytes.writeUInt16LE(kind, 4)
  bytes.writeUInt16LE(messageFlags, 6)
  bytes.writeUInt32LE(sequence, 8)
  bytes.set(body, headerLength)
  writeAttributes(bytes, headerLength + aligned(body.length), attributes)
  return bytes
}

/** An attribute that holds others. */
export function nested(type: number, attributes: readonly Attribute[]): Attribute {
  const value = Buffer.alloc(encodedLength(attributes))
  writeAttributes(value, 0, attributes)
  return { type: type | nestedFlag, value }
}

const encodedLength = (attributes: readonly Attribute[]): number =>
  attributes.reduce((sum, { value }) => sum + aligned(attributeHeaderLength + value.length), 0)

function writeAttributes(bytes: Buffer, start: number, attributes: readonly Attribute[]): void {
  let at = start
  for (const { type, value } of attributes) {
    bytes.writeUInt16LE(attributeHeaderLength + value.length, at)
    bytes.writeUInt16LE(type, at + 2)
    bytes.set(value, at + attributeHeaderLength)
    at += aligned(attributeHeaderLength + value.length)
  }
}

/** The messages of one datagram; what is cut short is left out. */
export function decodeMessages(bytes: Buffer): Message[] {
  const messages: Message[] = []
  let at = 0
  while (at + headerLength <= bytes.length) {
    const length = bytes.readUInt32LE(at)
    if (length < headerLength || at + length > bytes.length) break
    messages.push({
      kind: bytes.readUInt16LE(at + 4),
      sequence: bytes.readUInt32LE(at + 8),
      body: bytes.subarray(at + headerLength, at + length),
    })
    at += aligned(length)
  }
  return messages
}

function lastMessage(bytes: Buffer): Message | undefined {
  let start = 0
  for (let at = 0; at + headerLength <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    if (length < headerLength) break
    start = at
    at += aligned(length)
  }
  return decodeMessages(bytes.subarray(start))[0]
}

/** The attributes behind a fixed body; of two with one type the last counts. */
export function decodeAttributes(body: Buffer, fixedLength: number): Map<number, Buffer> {
  return new Map(listAttributes(body, fixedLength).map(({ type, value }) => [type, value]))
}

/** All attributes behind a fixed body in their order, their types without flags. */
export function listAttributes(body: Buffer, fixedLength: number): { type: number; value: Buffer }[] {
  const attributes: { type: number; value: Buffer }[] = []
  let at = aligned(fixedLength)
  while (at + attributeHeaderLength <= body.length) {
    const length = body.readUInt16LE(at)
    if (length < attributeHeaderLength || at + length > body.length) break
    const type = body.readUInt16LE(at + 2) & attributeTypeMask
    attributes.push({ type, value: body.subarray(at + attributeHeaderLength, at + length) })
    at += aligned(length)
  }
  return attributes
}

/** Each datagram is copied out of it before the next one is read: one for all sockets of a thread. */
const received = Buffer.alloc(64 * 1024)

/** A netlink socket in the calling thread's network namespace. Errors are {@link SystemCallError}. */
export class NetlinkSocket implements Disposable {
  readonly #fd: number
  #sequence = 0

  constructor(protocol: 'route' | 'netfilter') {
    this.#fd = openNetlinkSocket(protocol, 2)
  }

  /** Sends one change and waits for its acknowledgement. */
  request(kind: number, changeFlags: number, body: Uint8Array, attributes: readonly Attribute[]): void {
    this.#sequence += 1
    sendBytes(
      this.#fd,
      encodeMessage(kind, flags.request | flags.ack | changeFlags, this.#sequence, body, attributes),
    )
    for (const message of this.#receive()) throwIfError(message)
  }

  /** Sends several changes as one datagram and waits until each is acknowledged; `framed` adds what goes around. */
  requestAll(changes: readonly Change[], framed: (messages: Buffer[]) => Buffer[]): void {
    const first = this.#sequence + 1
    const messages = changes.map(({ kind, changeFlags, body, attributes }) => {
      this.#sequence += 1
      return encodeMessage(kind, flags.request | flags.ack | changeFlags, this.#sequence, body, attributes)
    })
    sendBytes(this.#fd, Buffer.concat(framed(messages)))
    const open = new Set(messages.map((_, index) => first + index))
    while (open.size > 0) {
      for (const message of this.#receive()) {
        throwIfError(message)
        open.delete(message.sequence)
      }
    }
  }

  /** Sends encoded messages as one datagram and waits until the one with this number is acknowledged. */
  requestEncoded(messages: Uint8Array, last: number): void {
    sendBytes(this.#fd, messages)
    for (let isDone = false; !isDone; ) {
      for (const message of this.#receive()) {
        throwIfError(message)
        isDone ||= message.sequence === last
      }
    }
  }

  /** All objects of a kind. */
  dump(kind: number, body: Uint8Array, attributes: readonly Attribute[] = []): Message[] {
    this.#sequence += 1
    sendBytes(this.#fd, encodeMessage(kind, flags.request | flags.dump, this.#sequence, body, attributes))
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

  /** All objects of a kind as the kernel sends them, headers and the closing message included. */
  dumpBytes(kind: number, body: Uint8Array): Buffer[] {
    this.#sequence += 1
    sendBytes(this.#fd, encodeMessage(kind, flags.request | flags.dump, this.#sequence, body, []))
    const datagrams: Buffer[] = []
    for (let length = 0; ; ) {
      const bytes = this.#receiveBytes()
      datagrams.push(bytes)
      length += bytes.length
      if (length > mostBytes) throw new SystemCallError('netlink dump', 'EMSGSIZE')
      const last = lastMessage(bytes)
      if (last?.kind === kinds.done) return datagrams
      if (last !== undefined) throwIfError(last)
    }
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.#fd)
  }

  #receive(): Message[] {
    return decodeMessages(this.#receiveBytes())
  }

  #receiveBytes(): Buffer {
    return Buffer.from(received.subarray(0, receiveBytes(this.#fd, received)))
  }
}

/** A routing netlink socket, rtnetlink(7). */
export class RouteSocket extends NetlinkSocket {
  constructor() {
    super('route')
  }
}

function throwIfError(message: Message): void {
  if (message.kind !== kinds.error) return
  const error = message.body.readInt32LE(0)
  if (error !== 0) throw new SystemCallError('netlink', errnoName(-error))
}
