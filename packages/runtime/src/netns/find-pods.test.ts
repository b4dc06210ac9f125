import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { findPodNamespaces } from './find-pods.ts'

const made: string[] = []
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true })
})

const a = '2c48913c-b29f-11e7-9350-020968147796'
const b = '72f7f152-440c-66ac-9084-e0fc1d8a910c'
const cgroupOf = (uid: string) => `0::/kubepods/burstable/pod${uid}/container\n`

/** A node of plain files: a file stands for a namespace, a link to it for its place in /proc. */
class FakeNode {
  readonly root = mkdtempSync(join(tmpdir(), 'find-pods-'))
  readonly procDir = join(this.root, 'proc')
  readonly netnsDir = join(this.root, 'netns')
  readonly inside = new Map<string, readonly string[]>()
  readonly doubts: string[] = []
  #processes = 0

  constructor() {
    made.push(this.root)
    for (const directory of ['proc', 'netns', 'namespaces']) mkdirSync(join(this.root, directory))
    this.namespace('host', ['192.168.0.1'])
    this.process('host', '0::/init.scope\n')
  }

  namespace(name: string, addresses: readonly string[]): this {
    const path = join(this.root, 'namespaces', name)
    writeFileSync(path, '')
    this.inside.set(realpathSync(path), addresses)
    return this
  }

  process(namespace: string, cgroup: string): this {
    this.#processes += 1
    const directory = join(this.procDir, String(this.#processes))
    mkdirSync(join(directory, 'ns'), { recursive: true })
    symlinkSync(join(this.root, 'namespaces', namespace), join(directory, 'ns/net'))
    writeFileSync(join(directory, 'cgroup'), cgroup)
    return this
  }

  /** As a runtime keeps it: `/var/run/netns/cni-…` */
  named(namespace: string): this {
    symlinkSync(join(this.root, 'namespaces', namespace), join(this.netnsDir, `cni-${namespace}`))
    return this
  }

  inode(namespace: string): bigint {
    return statSync(join(this.root, 'namespaces', namespace), { bigint: true }).ino
  }

  /** Pod uid to the inode that was found. */
  async find(
    wanted: Readonly<Record<string, readonly string[]>>,
    others: Readonly<Record<string, readonly string[]>> = {},
    held: readonly string[] = [],
  ): Promise<Record<string, bigint>> {
    const pods = (of: typeof wanted) =>
      new Map(Object.entries(of).map(([uid, addresses]) => [uid, { addresses }]))
    const found = await findPodNamespaces({
      procDir: this.procDir,
      netnsDir: this.netnsDir,
      wanted: pods(wanted),
      others: pods(others),
      held: new Set(held.map((namespace) => this.inode(namespace))),
      addressesOf: async (path) => this.inside.get(realpathSync(path)) ?? [],
      onDoubt: (uid, why) => this.doubts.push(`${uid}: ${why}`),
    })
    for (const { path, inode } of found.values()) {
      expect(statSync(path, { bigint: true }).ino).toBe(inode)
    }
    return Object.fromEntries([...found].map(([uid, { inode }]) => [uid, inode]))
  }
}

describe('the namespace of a running pod', () => {
  it('is the one that its processes are in and that has its address', async () => {
    const node = new FakeNode().namespace('a', ['10.0.0.1', 'fd00::1']).namespace('b', ['10.0.0.2'])
    node.process('a', cgroupOf(a)).process('a', cgroupOf(a)).process('b', cgroupOf(b))
    expect(await node.find({ [a]: ['10.0.0.1'], [b]: ['::ffff:10.0.0.2'] })).toEqual({
      [a]: node.inode('a'),
      [b]: node.inode('b'),
    })
    expect(await node.find({ [a]: ['fd00:0:0::1'] })).toEqual({ [a]: node.inode('a') })
    expect(node.doubts).toEqual([])
  })

  it('has the name that its runtime gave it, when there is one', async () => {
    const node = new FakeNode().namespace('a', ['10.0.0.1']).process('a', cgroupOf(a)).named('a')
    const { procDir, netnsDir } = node
    const found = await findPodNamespaces({
      procDir,
      netnsDir,
      wanted: new Map([[a, { addresses: ['10.0.0.1'] }]]),
      addressesOf: async () => ['10.0.0.1'],
    })
    expect(found.get(a)).toEqual({
      path: join(netnsDir, 'cni-a'),
      inode: node.inode('a'),
      proof: 'cgroup of 1 process(es), address 10.0.0.1 inside',
    })
  })

  it('is never the node’s own, whatever the cgroup says', async () => {
    const node = new FakeNode().process('host', cgroupOf(a)).named('host')
    expect(await node.find({ [a]: ['192.168.0.1'] })).toEqual({})
    expect(await node.find({ [a]: [] })).toEqual({})
  })

  it('is not one without the pod’s address: a process may pass through another’s', async () => {
    const node = new FakeNode().namespace('b', ['10.0.0.2']).process('b', cgroupOf(a))
    expect(await node.find({ [a]: ['10.0.0.1'] })).toEqual({})
    expect(node.doubts).toEqual([`${a}: none of its namespaces has one of its addresses 10.0.0.1`])
  })

  it('is found while a process of another pod passes through it', async () => {
    const node = new FakeNode().namespace('a', ['10.0.0.1']).namespace('b', ['10.0.0.2'])
    node.process('b', cgroupOf(a)).process('a', cgroupOf(a)).process('b', cgroupOf(b))
    expect(await node.find({ [a]: ['10.0.0.1'], [b]: ['10.0.0.2'] })).toEqual({
      [a]: node.inode('a'),
      [b]: node.inode('b'),
    })
  })

  it('is found beside namespaces that the pod made itself', async () => {
    const node = new FakeNode().namespace('a', ['10.0.0.1']).namespace('inner', [])
    node.process('inner', cgroupOf(a)).process('a', cgroupOf(a))
    expect(await node.find({ [a]: ['10.0.0.1'] })).toEqual({ [a]: node.inode('a') })
  })

  it('is doubted when the pod’s own namespaces have its address twice', async () => {
    const node = new FakeNode().namespace('a', ['10.0.0.1']).namespace('inner', ['10.0.0.1'])
    node.process('inner', cgroupOf(a)).process('a', cgroupOf(a))
    expect(await node.find({ [a]: ['10.0.0.1'] })).toEqual({})
    expect(node.doubts).toHaveLength(1)
  })

  it('is the one that the runtime has named: a pod may copy its address, but gives no names', async () => {
    const node = new FakeNode().namespace('a', ['10.0.0.1']).namespace('inner', ['10.0.0.1'])
    node.process('inner', cgroupOf(a)).process('a', cgroupOf(a)).named('a')
    expect(await node.find({ [a]: ['10.0.0.1'] })).toEqual({ [a]: node.inode('a') })
    expect(await node.find({ [a]: [] })).toEqual({ [a]: node.inode('a') })
    node.process('a', cgroupOf(b))
    expect(await node.find({ [a]: [] })).toEqual({})
    node.named('inner')
    expect(await node.find({ [a]: ['10.0.0.1'] })).toEqual({})
  })

  it('takes all processes to agree while the pod has no known address', async () => {
    const node = new FakeNode().namespace('a', []).namespace('b', []).namespace('c', [])
    node.process('a', cgroupOf(a)).process('a', cgroupOf(a))
    expect(await node.find({ [a]: [] })).toEqual({ [a]: node.inode('a') })
    node.process('b', cgroupOf(a))
    expect(await node.find({ [a]: [] })).toEqual({})
    node.process('c', cgroupOf(b)).process('c', cgroupOf('00000000-0000-0000-0000-000000000000'))
    expect(await node.find({ [b]: [] })).toEqual({})
  })

  it('is found without a process by address alone, if no other pod is in it', async () => {
    const node = new FakeNode()
      .namespace('a', ['10.0.0.1'])
      .namespace('b', ['10.0.0.2'])
      .named('a')
      .named('b')
    node.process('b', cgroupOf(b))
    expect(await node.find({ [a]: ['10.0.0.1'] })).toEqual({ [a]: node.inode('a') })
    expect(await node.find({ [a]: ['10.0.0.2'] })).toEqual({})
    expect(await node.find({ [a]: [] })).toEqual({})
  })

  it('is not guessed when two unclaimed namespaces, or two pods, have the address', async () => {
    const node = new FakeNode().namespace('a', ['10.0.0.1']).namespace('old', ['10.0.0.1']).named('a')
    expect(await node.find({ [a]: ['10.0.0.1'], [b]: ['10.0.0.1'] })).toEqual({})
    node.named('old')
    expect(await node.find({ [a]: ['10.0.0.1'] })).toEqual({})
    expect(node.doubts).toHaveLength(3)
  })

  it('is not guessed while it may be that of another pod without a process', async () => {
    const node = new FakeNode().namespace('a', ['10.0.0.1']).namespace('b', ['10.0.0.2'])
    node.named('a').named('b')
    const wanted = { [a]: ['10.0.0.1'] }
    // It starts and has no address yet, or is known by one that it had before.
    for (const addresses of [[], ['10.0.0.9'], ['10.0.0.1']]) {
      expect(await node.find(wanted, { [b]: addresses })).toEqual({})
      expect(await node.find({ ...wanted, [b]: addresses })).toEqual({})
    }
    expect(await node.find(wanted, { [b]: ['10.0.0.2'] })).toEqual({ [a]: node.inode('a') })
    expect(await node.find(wanted, {}, ['a'])).toEqual({})
    node.process('b', cgroupOf(b))
    expect(await node.find(wanted, { [b]: [] })).toEqual({ [a]: node.inode('a') })
  })

  it('is left out when there is nothing of the pod, of /proc, or of names', async () => {
    const node = new FakeNode().process('host', 'garbage\n'.repeat(20_000))
    expect(await node.find({ [a]: ['10.0.0.1'] })).toEqual({})
    rmSync(node.netnsDir, { recursive: true })
    writeFileSync(join(node.procDir, '99'), 'not a directory')
    expect(await node.find({ [a]: ['10.0.0.1', 'not an address'] })).toEqual({})
    expect(await node.find({})).toEqual({})
  })

  it('is not believed when the process ends while it is looked at', async () => {
    const node = new FakeNode().namespace('a', ['10.0.0.1']).process('a', cgroupOf(a))
    const found = await findPodNamespaces({
      procDir: node.procDir,
      netnsDir: node.netnsDir,
      wanted: new Map([[a, { addresses: ['10.0.0.1'] }]]),
      addressesOf: async () => {
        rmSync(join(node.procDir, '2'), { recursive: true })
        return ['10.0.0.1']
      },
    })
    expect(found.size).toBe(0)
  })
})
