import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type ZdsWorkload,
  ZtunnelError,
  type ZtunnelObserver,
  ZtunnelServer,
} from '../../packages/runtime/src/ztunnel/index.ts'
import {
  ackPacket,
  FixtureZtunnel,
  refusalPacket,
  silentLog,
} from '../../packages/runtime/src/ztunnel/ztunnel.fixture.ts'

type Message = Readonly<{
  msg: 'connected' | 'add' | 'del' | 'snapshot_sent'
  uid?: string
  name?: string
  namespace?: string
  service_account?: string
  raw?: string
  descriptor?: boolean
}>
type Step = Readonly<{ name: string; messages?: readonly Message[]; 'sent by ztunnel first'?: string }>

const steps: readonly Step[] = readFileSync(new URL('data/zds.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))

const silent: ZtunnelObserver = {
  connectionsChanged() {},
  newestGone() {},
  snapshotAcked() {},
  acked() {},
  failed() {},
}

let directory: string
let netns: number
let server: ZtunnelServer
let present: ZdsWorkload[]

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zds-'))
  netns = openSync('/proc/self/ns/net', 'r')
  present = []
  server = new ZtunnelServer({
    socketPath: join(directory, 'ztunnel.sock'),
    workloads: () => present,
    log: silentLog,
    observer: silent,
    connectionWaitMs: 50,
  })
  await server.start()
})
afterEach(async () => {
  await server.close()
  closeSync(netns)
  rmSync(directory, { recursive: true })
})

const step = (name: string): Step => steps.find((found) => found.name === name) ?? expect.unreachable(name)

const connect = (answer?: (index: number) => Uint8Array): FixtureZtunnel =>
  new FixtureZtunnel({
    path: join(directory, 'ztunnel.sock'),
    ...(answer === undefined ? {} : { answer: (_, index) => answer(index) }),
  })

const workloadOf = (message: Message | undefined): ZdsWorkload => ({
  uid: message?.uid ?? '',
  name: message?.name ?? '',
  namespace: message?.namespace ?? '',
  serviceAccount: message?.service_account ?? '',
  netns,
})

/** What the recorded ztunnel got, as the fixture shows it: with our descriptor where one came along. */
const packetsOf = ({ messages = [] }: Step) =>
  messages
    .filter(({ msg }) => msg !== 'connected')
    .map(({ raw, descriptor }) => ({
      raw,
      inode: descriptor ? fstatSync(netns, { bigint: true }).ino : undefined,
    }))

describe('what ztunnel gets', () => {
  it('is checked against every recorded step', () => {
    expect(steps.map(({ name }) => name)).toEqual([
      'connect-empty-node',
      'add',
      'add-second',
      'add-without-ztunnel',
      'reconnect-snapshot',
      'delete',
      'leave-by-label',
      'return-by-label',
      'add-refused-by-ztunnel',
    ])
  })

  it('on connecting to an empty node, adding, and deleting equals the recording to the byte', async () => {
    const played = ['connect-empty-node', 'add', 'add-second', 'delete', 'leave-by-label'].map(step)
    expect(played[0]?.['sent by ztunnel first']).toBe('0801')
    await using ztunnel = connect()
    await ztunnel.until(({ length }) => length === 1)
    for (const { messages = [] } of played.slice(1)) {
      const [message] = messages
      if (message?.msg === 'add') await server.add(workloadOf(message))
      else await server.remove(message?.uid ?? '')
    }
    expect(ztunnel.received).toEqual(played.flatMap(packetsOf))
  })

  it('on connecting again is every pod, then the end of the snapshot', async () => {
    const reconnect = step('reconnect-snapshot')
    present = (reconnect.messages ?? []).filter(({ msg }) => msg === 'add').map(workloadOf)
    expect(present).toHaveLength(3)
    await using ztunnel = connect()
    await ztunnel.until(({ length }) => length === 4)
    expect(ztunnel.received).toEqual(packetsOf(reconnect))
  })

  it('may be refused, which fails the pod with its words', async () => {
    const refused = step('add-refused-by-ztunnel')
    const [, inSnapshot, , added] = refused.messages ?? []
    present = [workloadOf(inSnapshot)]
    await using ztunnel = connect((index) => (index === 2 ? refusalPacket('boom') : ackPacket))
    await ztunnel.until(({ length }) => length === 2)
    await expect(server.add(workloadOf(added))).rejects.toThrow('boom')
    expect(ztunnel.received).toEqual(packetsOf(refused))
  })
})

describe('a pod that is added without a ztunnel', () => {
  it('fails with an error that says so, where the original told of a broken pipe', async () => {
    const ztunnel = connect()
    await ztunnel.until(({ length }) => length === 1)
    await ztunnel[Symbol.asyncDispose]()
    const error: unknown = await server.add(workloadOf({ msg: 'add', uid: 'u' })).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(ZtunnelError)
    expect(error).toMatchObject({ code: 'no-connection', message: expect.stringContaining('no ztunnel') })
  })
})
