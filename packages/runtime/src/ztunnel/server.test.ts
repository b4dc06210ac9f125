import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodeAdd, encodeDel, encodeKeep } from './messages.ts'
import type { ZtunnelObserver } from './observer.ts'
import { ZtunnelServer, type ZtunnelServerOptions } from './server.ts'
import type { ZdsWorkload } from './workload.ts'
import {
  ackPacket,
  type FixtureOptions,
  FixtureZtunnel,
  helloPacket,
  refusalPacket,
  silentLog,
} from './ztunnel.fixture.ts'

const snapshotSent = '1a00'
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

let directory: string
let path: string
let netns: number
let cleanup: (() => Promise<unknown> | unknown)[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zds-'))
  path = join(directory, 'run', 'ztunnel.sock')
  netns = openSync('/proc/self/ns/net', 'r')
  cleanup = [() => rmSync(directory, { recursive: true }), () => closeSync(netns)]
})
afterEach(async () => {
  for (const step of cleanup.reverse()) await step()
})

const workload = (uid: string): ZdsWorkload => ({
  uid,
  name: `pod-${uid}`,
  namespace: 'mesh',
  serviceAccount: 'default',
  netns,
})
const addOf = (uid: string): string => hex(encodeAdd(workload(uid)))
const delOf = (uid: string): string => hex(encodeDel(uid))

const observer = () => ({
  connectionsChanged: vi.fn<ZtunnelObserver['connectionsChanged']>(),
  newestGone: vi.fn<ZtunnelObserver['newestGone']>(),
  snapshotAcked: vi.fn<ZtunnelObserver['snapshotAcked']>(),
  acked: vi.fn<ZtunnelObserver['acked']>(),
  failed: vi.fn<ZtunnelObserver['failed']>(),
})

async function startServer(options: Partial<ZtunnelServerOptions> = {}): Promise<ZtunnelServer> {
  const server = new ZtunnelServer({
    socketPath: path,
    workloads: () => [],
    log: silentLog,
    observer: observer(),
    ...options,
  })
  await server.start()
  cleanup.push(() => server.close())
  return server
}

function connect(options: Omit<FixtureOptions, 'path'> = {}): FixtureZtunnel {
  const ztunnel = new FixtureZtunnel({ path, ...options })
  cleanup.push(() => ztunnel[Symbol.asyncDispose]())
  return ztunnel
}

/** Connected, and told everything. */
async function connected(options: Omit<FixtureOptions, 'path'> = {}): Promise<FixtureZtunnel> {
  const ztunnel = connect(options)
  await ztunnel.until((received) => received.some(({ raw }) => raw === snapshotSent))
  return ztunnel
}

describe('a ztunnel that connects', () => {
  it('is told every workload with its network namespace, then that this was all', async () => {
    await startServer({ workloads: () => [workload('a'), workload('b')] })
    const ztunnel = await connected()
    const inode = fstatSync(netns, { bigint: true }).ino
    expect(ztunnel.received).toEqual([
      { raw: addOf('a'), inode },
      { raw: addOf('b'), inode },
      { raw: snapshotSent, inode: undefined },
    ])
  })

  it('is told nothing before its hello', async () => {
    const server = await startServer()
    const ztunnel = connect({ greeting: null })
    await vi.waitFor(() => expect(server.state().connections).toBe(1))
    expect(server.state().problem).toMatch(/hello/)
    expect(ztunnel.received).toEqual([])
    ztunnel.send(helloPacket)
    expect(await ztunnel.until(({ length }) => length > 0)).toEqual([snapshotSent])
  })

  it('is the end of a problem once it has acked the snapshot', async () => {
    const events = observer()
    const server = await startServer({ workloads: () => [workload('a')], observer: events })
    expect(server.state()).toMatchObject({ connections: 0, snapshotSent: false, problem: expect.any(String) })
    await connected()
    await vi.waitFor(() => expect(server.state().snapshotSent).toBe(true))
    expect(server.state()).toEqual({ connections: 1, snapshotSent: true, lastBeat: expect.any(Number) })
    expect(events.snapshotAcked.mock.calls).toEqual([
      [{ workloads: [workload('a')], refused: 0, seconds: expect.any(Number), isNewest: true }],
    ])
    expect(events.connectionsChanged.mock.calls).toEqual([[1]])
  })

  it('keeps a workload whose namespace cannot be sent', async () => {
    const closed = { ...workload('a'), netns: 1_000_000 }
    const unknown = { ...workload('b'), netns: -1 }
    await startServer({ workloads: () => [closed, unknown] })
    const ztunnel = await connected()
    expect(ztunnel.received.map(({ raw }) => raw)).toEqual([
      hex(encodeKeep('a')),
      hex(encodeKeep('b')),
      snapshotSent,
    ])
  })

  it('may refuse a workload of the snapshot and still gets the others', async () => {
    const events = observer()
    await startServer({ workloads: () => [workload('a'), workload('b')], observer: events })
    await connected({ answer: (_, index) => (index === 0 ? refusalPacket('boom') : ackPacket) })
    await vi.waitFor(() =>
      expect(events.snapshotAcked).toHaveBeenCalledWith(expect.objectContaining({ refused: 1 })),
    )
  })

  it('gets a snapshot of many workloads whole', async () => {
    const workloads = Array.from({ length: 250 }, (_, index) => workload(String(index)))
    await startServer({ workloads: () => workloads })
    const ztunnel = await connected()
    expect(ztunnel.received.map(({ raw }) => raw)).toEqual([
      ...workloads.map(({ uid }) => addOf(uid)),
      snapshotSent,
    ])
  })
})

describe('adding a workload', () => {
  it('is done at the ack', async () => {
    const events = observer()
    const server = await startServer({ observer: events })
    const ztunnel = await connected()
    await server.add(workload('a'))
    expect(ztunnel.received.at(-1)).toEqual({
      raw: addOf('a'),
      inode: fstatSync(netns, { bigint: true }).ino,
    })
    expect(events.acked).toHaveBeenCalledWith('add', expect.any(Number))
  })

  it('fails with the words of a ztunnel that refuses, which stays connected', async () => {
    const server = await startServer()
    const ztunnel = await connected({
      answer: ({ raw }) => (raw === addOf('bad') ? refusalPacket('boom') : ackPacket),
    })
    await expect(server.add(workload('bad'))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('boom'),
    })
    await server.add(workload('good'))
    expect(ztunnel.isHungUp).toBe(false)
  })

  it('waits for a ztunnel that is on its way', async () => {
    const server = await startServer()
    const added = server.add(workload('a'))
    const ztunnel = connect()
    await added
    expect(ztunnel.received.map(({ raw }) => raw)).toEqual([snapshotSent, addOf('a')])
  })

  it('fails when none comes', async () => {
    const server = await startServer({ connectionWaitMs: 20 })
    await expect(server.add(workload('a'))).rejects.toMatchObject({ code: 'no-connection' })
  })

  it('fails at once, and says why, before the server has started', async () => {
    const options = { socketPath: path, workloads: () => [], log: silentLog, observer: observer() }
    await expect(new ZtunnelServer(options).add(workload('a'))).rejects.toMatchObject({
      code: 'no-connection',
      message: expect.stringContaining('just started'),
    })
  })

  it('fails at once when the server closes', async () => {
    const server = await startServer({ connectionWaitMs: 1_000_000 })
    const added = server.add(workload('a'))
    const failed = expect(added).rejects.toMatchObject({ code: 'disconnected' })
    await server.close()
    await failed
    await expect(server.add(workload('a'))).rejects.toMatchObject({ code: 'no-connection' })
  })

  it('during a snapshot comes after it', async () => {
    let added: Promise<void> | undefined
    const server = await startServer({ workloads: () => [workload('a'), workload('b')] })
    const ztunnel = connect({
      answer: () => {
        added ??= server.add(workload('new'))
        return ackPacket
      },
    })
    await ztunnel.until(({ length }) => length === 4)
    await added
    expect(ztunnel.received.map(({ raw }) => raw)).toEqual([
      addOf('a'),
      addOf('b'),
      snapshotSent,
      addOf('new'),
    ])
  })

  it('matches answers to requests by their order', async () => {
    const server = await startServer()
    await connected({
      answer: ({ raw }) => (/32|35/.test(raw.slice(8, 10)) ? refusalPacket('odd') : ackPacket),
    })
    const uids = Array.from({ length: 10 }, (_, index) => String(index))
    const results = await Promise.allSettled(uids.map((uid) => server.add(workload(uid))))
    expect(results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([2, 5])
  })

  it('keeps at most sixteen requests on their way', async () => {
    const server = await startServer()
    const ztunnel = await connected({ answer: ({ raw }) => (raw === snapshotSent ? ackPacket : undefined) })
    const added = Promise.all(Array.from({ length: 40 }, (_, index) => server.add(workload(`w${index}`))))
    await ztunnel.until(({ length }) => length === 17)
    const beat = server.state().lastBeat
    await vi.waitFor(() => expect(server.state().lastBeat).toBeGreaterThan(beat), { timeout: 10_000 })
    expect(ztunnel.received).toHaveLength(17)
    for (let sent = 0; sent < 40; sent++) {
      ztunnel.send(ackPacket)
      await ztunnel.until(({ length }) => length >= Math.min(41, 18 + sent))
    }
    await added
  })

  it('goes on with the next ztunnel when one dies over it', async () => {
    const server = await startServer()
    const first = await connected({ answer: ({ raw }) => (raw === snapshotSent ? ackPacket : undefined) })
    const added = server.add(workload('a'))
    await first.until(({ length }) => length === 2)
    await first[Symbol.asyncDispose]()
    const second = connect()
    await added
    expect(second.received.at(-1)?.raw).toBe(addOf('a'))
  })

  it('fails and hangs up when no ack comes, so that later answers mean what they say', async () => {
    const events = observer()
    const server = await startServer({ ackDeadlineMs: 300, observer: events })
    const ztunnel = await connected({ answer: ({ raw }) => (raw === snapshotSent ? ackPacket : undefined) })
    await expect(server.add(workload('a'))).rejects.toMatchObject({ code: 'no-ack' })
    await ztunnel.hungUp()
    expect(events.failed).toHaveBeenCalledWith('add', 'no-ack')
  })

  it('refuses what ztunnel could not read', async () => {
    const server = await startServer()
    const ztunnel = await connected()
    const long = { ...workload('a'), name: 'x'.repeat(1100) }
    await expect(server.add(long)).rejects.toMatchObject({ code: 'refused' })
    const closed = { ...workload('a'), netns: 1_000_000 }
    await expect(server.add(closed)).rejects.toMatchObject({ code: 'refused' })
    expect(ztunnel.isHungUp).toBe(false)
  })

  it('fails at once when more wait than can be remembered', async () => {
    const server = await startServer()
    await connected({ answer: ({ raw }) => (raw === snapshotSent ? ackPacket : undefined) })
    const results = Array.from({ length: 1100 }, (_, index) => server.add(workload(String(index))))
    const first = await Promise.race(results.map((result) => result.catch((error: unknown) => error)))
    expect(first).toMatchObject({ code: 'no-ack', message: expect.stringMatching(/wait/) })
    await server.close()
    await Promise.allSettled(results)
  })
})

describe('several ztunnels', () => {
  it('that connect at once have a list of their own each, and what comes meanwhile reaches the newest', async () => {
    const present = [workload('a')]
    const lists: (readonly ZdsWorkload[])[] = []
    const events = observer()
    const server = await startServer({
      observer: events,
      workloads: () => {
        const list = [...present]
        lists.push(list)
        return list
      },
    })
    const older = connect({ answer: () => undefined })
    await older.until(({ length }) => length === 2)
    present.push(workload('b'))
    const newer = connect({ answer: () => undefined })
    await newer.until(({ length }) => length === 3)
    const added = server.add(workload('c'))
    await newer.until(({ length }) => length === 4)
    for (const ztunnel of [older, older, newer, newer, newer, newer]) ztunnel.send(ackPacket)
    await added
    expect(older.received.map(({ raw }) => raw)).toEqual([addOf('a'), snapshotSent])
    expect(newer.received.map(({ raw }) => raw)).toEqual([addOf('a'), addOf('b'), snapshotSent, addOf('c')])
    await vi.waitFor(() => expect(events.snapshotAcked).toHaveBeenCalledTimes(2))
    const told = events.snapshotAcked.mock.calls.map(([snapshot]) => snapshot)
    expect(told.find(({ isNewest }) => !isNewest)?.workloads).toBe(lists[0])
    expect(told.find(({ isNewest }) => isNewest)?.workloads).toBe(lists[1])
  })

  it('share deletions, and the newest gets what is added', async () => {
    const server = await startServer()
    const older = await connected()
    const newer = await connected()
    await server.add(workload('a'))
    await server.remove('b')
    expect(older.received.map(({ raw }) => raw)).toEqual([snapshotSent, delOf('b')])
    expect(newer.received.map(({ raw }) => raw)).toEqual([snapshotSent, addOf('a'), delOf('b')])
  })

  it('take over from one another when the newest leaves', async () => {
    const events = observer()
    const server = await startServer({ observer: events })
    const older = await connected()
    const newer = await connected()
    await newer[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(server.state().connections).toBe(1))
    expect(events.newestGone).toHaveBeenCalledOnce()
    await server.add(workload('a'))
    expect(older.received.at(-1)?.raw).toBe(addOf('a'))
  })

  it('lose nothing when one leaves that was not told of new pods', async () => {
    const events = observer()
    const server = await startServer({ observer: events })
    const older = await connected()
    const newer = await connected()
    const silent = connect({ greeting: null })
    await vi.waitFor(() => expect(server.state().connections).toBe(3))
    await older[Symbol.asyncDispose]()
    await silent[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(server.state().connections).toBe(1))
    expect(events.newestGone).not.toHaveBeenCalled()
    await server.add(workload('a'))
    expect(newer.received.at(-1)?.raw).toBe(addOf('a'))
  })

  it('are not held up by one that connects and says nothing', async () => {
    const server = await startServer()
    const older = await connected()
    connect({ greeting: null })
    await vi.waitFor(() => expect(server.state().connections).toBe(2))
    await server.add(workload('a'))
    expect(older.received.at(-1)?.raw).toBe(addOf('a'))
  })
})

describe('removing a workload', () => {
  it('is done when there is nobody to tell, or nobody answers', async () => {
    const server = await startServer({ ackDeadlineMs: 300 })
    await server.remove('a')
    await connected({ answer: ({ raw }) => (raw === snapshotSent ? ackPacket : undefined) })
    await server.remove('a')
    await vi.waitFor(() => expect(server.state().connections).toBe(0))
  })

  it('waits behind a snapshot of any size: its namespace is closed after it, and must not be sent any more', async () => {
    const all = Array.from({ length: 1_100 }, (_, index) => workload(String(index)))
    let removed: Promise<void> | undefined
    const server = await startServer({ workloads: () => all })
    const ztunnel = connect({
      answer: () => {
        removed ??= server.remove('1099')
        return ackPacket
      },
    })
    await ztunnel.until(({ length }) => length > 0)
    await removed
    expect(ztunnel.received.at(-1)?.raw).toBe(delOf('1099'))
    expect(ztunnel.received).toHaveLength(1_102)
  })
})

describe('a ztunnel that breaks the protocol', () => {
  it.each([
    ['a hello that is none', { greeting: Buffer.from('ffff', 'hex') }],
    ['a hello that is larger than any', { greeting: Buffer.alloc(20_000) }],
    ['an answer that is none', { answer: () => Buffer.from('0a7f', 'hex') }],
    ['an answer too many', { answer: () => ackPacket, extra: ackPacket }],
  ])(
    'is disconnected: %s',
    async (_, { extra, ...options }: { extra?: Uint8Array } & Omit<FixtureOptions, 'path'>) => {
      const server = await startServer()
      const ztunnel = connect(options)
      if (extra !== undefined) {
        await ztunnel.until(({ length }) => length === 1)
        ztunnel.send(extra)
      }
      await ztunnel.hungUp()
      await vi.waitFor(() => expect(server.state().connections).toBe(0))
      await connected()
    },
  )

  it('is disconnected when it does not say hello in time', async () => {
    await startServer({ ackDeadlineMs: 300 })
    await connect({ greeting: null }).hungUp()
  })
})

describe('the socket', () => {
  it('is for root alone, in a directory that is made', async () => {
    await startServer()
    const { mode } = lstatSync(path)
    expect((mode & 0o777).toString(8)).toBe(process.geteuid?.() === 0 ? '600' : '666')
  })

  it('takes the place of what a predecessor left', async () => {
    rmSync(path, { force: true })
    const server = await startServer()
    await server.close()
    writeFileSync(path, 'left behind')
    await startServer()
    await connected()
  })

  it('goes with the server, unless a successor has replaced it', async () => {
    const first = await startServer()
    const second = await startServer()
    await first.close()
    expect(existsSync(path)).toBe(true)
    await connected()
    await second.close()
    expect(existsSync(path)).toBe(false)
  })

  it('comes back when its file is removed', async () => {
    await startServer()
    rmSync(path)
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000)
    cleanup.push(() => now.mockRestore())
    await vi.waitFor(() => expect(existsSync(path)).toBe(true), { timeout: 10_000 })
    now.mockRestore()
    await connected()
  })

  it('cannot be made where its path is too long: an error that says so', async () => {
    const server = new ZtunnelServer({
      socketPath: join(directory, 'x'.repeat(200)),
      workloads: () => [],
      log: silentLog,
      observer: observer(),
    })
    await expect(server.start()).rejects.toMatchObject({ code: 'no-socket' })
    await server.close()
  })
})

describe('the loop', () => {
  it('beats while nothing happens, and leaves the main thread free', async () => {
    const server = await startServer()
    const before = server.state().lastBeat
    const free = createServer()
    free.listen(0)
    await vi.waitFor(() => expect(server.state().lastBeat).toBeGreaterThan(before), { timeout: 10_000 })
    free.close()
  })
})
