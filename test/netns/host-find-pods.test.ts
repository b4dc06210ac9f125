import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { findPodNamespaces, NetworkNamespaces } from '../../packages/runtime/src/netns/index.ts'
import { ScratchNetwork } from './scratch-network.ts'

const networks = new NetworkNamespaces()
afterAll(() => networks.close())

/** A hierarchy of either version in which this machine lets us make groups. */
const hierarchy = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/pids'].find((directory) => {
  try {
    accessSync(directory, constants.W_OK)
    return existsSync(join(directory, 'cgroup.procs'))
  } catch {
    return false
  }
})

/** A process in a pod's cgroup, ended and cleaned up by `await using`. */
class PodProcess implements AsyncDisposable {
  readonly #group: string
  readonly #child: ChildProcess

  private constructor(group: string, child: ChildProcess) {
    this.#group = group
    this.#child = child
  }

  static async start(uid: string, command: readonly string[]): Promise<PodProcess> {
    const group = join(hierarchy ?? '', `kubepods-test-pod${uid.replaceAll('-', '_')}.slice`)
    if (!existsSync(group)) mkdirSync(group)
    const script = `echo $$ > ${group}/cgroup.procs && echo ready && exec "$@"`
    const child = spawn('sh', ['-ec', script, 'sh', ...command], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(child.stdout, 'data')
    const started = new PodProcess(group, child)
    await started.#untilItIs(command.at(-1) ?? '')
    return started
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The programs before the last one enter the namespace. */
  async #untilItIs(last: string): Promise<void> {
    while (!readFileSync(`/proc/${this.pid}/cmdline`, 'utf8').endsWith(`sleep\0${last}\0`)) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
    try {
      rmdirSync(this.#group)
    } catch {
      // Another process of the pod is still in it.
    }
  }
}

const find = (wanted: ReadonlyMap<string, { addresses: readonly string[] }>) =>
  findPodNamespaces({
    procDir: '/proc',
    netnsDir: '/run/netns',
    wanted,
    addressesOf: (path) => networks.addresses(path),
  })

const withAddress = (address: string) =>
  ScratchNetwork.create(
    `ip link add eth0 type veth peer name eth1; ip addr add ${address} dev eth0; ip link set eth0 up; ip link set eth1 up`,
  )
const inodeOf = (path: string) => statSync(path, { bigint: true }).ino

describe.runIf(hierarchy)('the namespace of a real process in a cgroup of a pod', () => {
  it('is found by cgroup and address, by its name', async () => {
    const uid = randomUUID()
    await using network = await withAddress('10.231.0.1/24')
    await using _process = await PodProcess.start(uid, ['ip', 'netns', 'exec', network.name, 'sleep', '100'])
    const found = await find(new Map([[uid, { addresses: ['10.231.0.1'] }]]))
    expect(found.get(uid)).toMatchObject({ path: network.path, inode: inodeOf(network.path) })
    expect(await find(new Map([[uid, { addresses: ['10.231.0.9'] }]]))).toEqual(new Map())
  })

  it('is found by the process when it has no name, in a user namespace of its own too', async () => {
    const uid = randomUUID()
    await using process = await PodProcess.start(uid, [
      'unshare',
      '--user',
      '--map-root-user',
      '--net',
      'sleep',
      '101',
    ])
    const path = `/proc/${process.pid}/ns/net`
    // It enters its namespace a moment after it started.
    await vi.waitFor(() => expect(inodeOf(path)).not.toBe(inodeOf('/proc/self/ns/net')))
    const found = await find(new Map([[uid, { addresses: [] }]]))
    expect(found.get(uid)).toMatchObject({ path, inode: inodeOf(path) })
  })

  it('is never the one of this program', async () => {
    const uid = randomUUID()
    await using _process = await PodProcess.start(uid, ['sleep', '102'])
    expect(await find(new Map([[uid, { addresses: [] }]]))).toEqual(new Map())
  })
})

describe('the namespace of a pod without a process', () => {
  it('is found by its address among the named ones', async () => {
    const uid = randomUUID()
    await using network = await withAddress('10.231.1.1/24')
    const found = await find(new Map([[uid, { addresses: ['10.231.1.1'] }]]))
    expect(found.get(uid)).toMatchObject({ path: network.path, inode: inodeOf(network.path) })
  })
})
