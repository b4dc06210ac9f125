// A ztunnel for tests: connects, says hello, keeps the requests, answers as the test says.
import { closeSync, fstatSync } from 'node:fs'
import koffi from 'koffi'
import { pino } from 'pino'
import { sendPacket } from '../netns/libc.ts'
import { DescriptorLoop, POLL, type Watched } from './descriptor-loop.ts'

const program = koffi.load(null)
const socket: (domain: number, type: number, protocol: number) => number = program.func(
  'int socket(int domain, int type, int protocol)',
)
const connect: (fd: number, address: Uint8Array, length: number) => number = program.func(
  'int connect(int fd, const uint8_t *address, uint32_t length)',
)
koffi.struct('received_iovec', { base: 'uint8_t *', length: 'size_t' })
koffi.struct('received_msghdr', {
  name: 'void *',
  nameLength: 'uint32_t',
  vectors: 'received_iovec *',
  vectorCount: 'size_t',
  control: 'uint8_t *',
  controlLength: 'size_t',
  flags: 'int',
})
const recvmsg: (fd: number, message: unknown, flags: number) => number = program.func(
  'intptr_t recvmsg(int fd, received_msghdr *message, int flags)',
)
const SEQPACKET_NONBLOCK_CLOEXEC = 5 | 0o4000 | 0o2000000
const MSG_DONTWAIT = 0x40

export const silentLog = pino({ level: 'silent' })
export const helloPacket: Uint8Array = Buffer.from('0801', 'hex')
export const ackPacket: Uint8Array = Buffer.from('0a00', 'hex')
export const refusalPacket = (words: string): Uint8Array =>
  Buffer.concat([Buffer.from([0x0a, words.length + 2, 0x0a, words.length]), Buffer.from(words)])

/** A request as it came: hexadecimal bytes, and the inode of the file whose descriptor came along. */
export type Received = Readonly<{ raw: string; inode: bigint | undefined }>

export type FixtureOptions = Readonly<{
  path: string
  /** @default a hello of version 1; null says nothing */
  greeting?: Uint8Array | null
  /** @default an ack for each */
  answer?: (request: Received, index: number) => Uint8Array | undefined
}>

export class FixtureZtunnel implements Watched, AsyncDisposable {
  readonly fd: number
  readonly received: Received[] = []
  isHungUp = false
  readonly #answer: NonNullable<FixtureOptions['answer']>
  readonly #loop = new DescriptorLoop(silentLog)
  #arrival = Promise.withResolvers<void>()

  constructor({ path, greeting = helloPacket, answer = () => ackPacket }: FixtureOptions) {
    this.#answer = answer
    this.fd = socket(1, SEQPACKET_NONBLOCK_CLOEXEC, 0)
    const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(path), Buffer.from([0])])
    if (connect(this.fd, address, address.length) !== 0) throw new Error(`connect: errno ${koffi.errno()}`)
    this.#loop.start(() => {})
    this.#loop.watch(this)
    if (greeting !== null) this.send(greeting)
  }

  send(packet: Uint8Array): void {
    sendPacket(this.fd, packet)
  }

  /** Waits until the requests are as wanted, or it was hung up on. */
  async until(isWanted: (received: readonly Received[]) => boolean): Promise<readonly string[]> {
    while (!isWanted(this.received) && !this.isHungUp) await this.#arrival.promise
    return this.received.map(({ raw }) => raw)
  }

  async hungUp(): Promise<void> {
    while (!this.isHungUp) await this.#arrival.promise
  }

  wanted(): number {
    return POLL.in
  }

  happened(): void {
    for (let request = this.#receive(); request !== undefined; request = this.#receive()) {
      const index = this.received.push(request) - 1
      const answer = this.#answer(request, index)
      if (answer !== undefined) this.send(answer)
    }
    this.#arrival.resolve()
    this.#arrival = Promise.withResolvers()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop.stop()
  }

  #receive(): Received | undefined {
    if (this.isHungUp) return undefined
    const bytes = Buffer.alloc(2048)
    const control = Buffer.alloc(24)
    const message = {
      name: null,
      nameLength: 0,
      vectors: [{ base: bytes, length: bytes.length }],
      vectorCount: 1,
      control,
      controlLength: control.length,
      flags: 0,
    }
    const length = recvmsg(this.fd, message, MSG_DONTWAIT)
    if (length <= 0) {
      if (length === 0 || koffi.errno() !== koffi.os.errno.EAGAIN) this.#end()
      return undefined
    }
    return { raw: bytes.toString('hex', 0, length), inode: inodeOf(control) }
  }

  #end(): void {
    this.isHungUp = true
    this.#loop.discard(this)
  }
}

/** Closes the descriptor of an SCM_RIGHTS message, if it is one. */
function inodeOf(control: Buffer): bigint | undefined {
  if (control.readBigUInt64LE(0) !== 20n) return undefined
  const fd = control.readInt32LE(16)
  const { ino } = fstatSync(fd, { bigint: true })
  closeSync(fd)
  return ino
}
