import { type ChildProcess, spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { command } from '../testbed/commands.ts'
import { programsFor, sidecarPod } from './programs.ts'
import { ScratchNetwork } from './scratch-network.ts'

const namespaces = new NetworkNamespaces({ iptables: 'nft' })
const { nft, iptables } = programsFor(sidecarPod(), ['10.77.0.2/16'])
let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'netns-safety-'))
})
afterAll(async () => {
  await namespaces.close()
  await rm(directory, { recursive: true })
})

describe('a path that is not a pod network', () => {
  it.each(['/proc/self/ns/net', `/proc/${process.pid}/ns/net`])(
    'is refused when it is the node: %s',
    async (path) => {
      const message = expect.stringContaining("node's own network namespace")
      for (const act of [
        () => namespaces.applyRules(path, nft),
        () => namespaces.verifyRules(path, nft),
        () => namespaces.removeRules(path),
      ]) {
        await expect(act()).rejects.toMatchObject({ code: 'host-namespace', message })
      }
    },
  )

  it('is refused by name when it is another kind of thing, and hangs nobody', async () => {
    const file = join(directory, 'file')
    const pipe = join(directory, 'pipe')
    await writeFile(file, '')
    await command('mkfifo', pipe)
    for (const path of [file, pipe, directory, '/dev/null', '/proc/self/ns/mnt', '/proc/self/ns/uts']) {
      await expect(namespaces.applyRules(path, nft), path).rejects.toMatchObject({
        name: 'NetnsError',
        code: 'not-a-namespace',
        message: expect.stringContaining(path),
      })
    }
  })

  it('is gone when the pod is', async () => {
    const network = await ScratchNetwork.create()
    await network[Symbol.asyncDispose]()
    for (const path of [network.path, `${network.path}/deeper`, '/proc/4194304/ns/net', '']) {
      await expect(namespaces.removeRules(path), path).rejects.toMatchObject({ code: 'gone' })
    }
  })
})

describe('many pods at once', () => {
  it('all get their rules, each once, and no thread stays in a pod', async () => {
    await using stack = new AsyncDisposableStack()
    const networks = await Promise.all(
      Array.from({ length: 50 }, async () => stack.use(await ScratchNetwork.create())),
    )
    const program = (index: number) => (index % 2 === 0 ? nft : iptables)
    const outcomes = await Promise.all(
      networks.flatMap(({ path }, index) => [
        namespaces.applyRules(path, program(index)),
        namespaces.applyRules(path, program(index)),
      ]),
    )
    expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(50)
    expect(outcomes.filter((outcome) => outcome === 'unchanged')).toHaveLength(50)
    const differences = await Promise.all(
      networks.map(({ path }, index) => namespaces.verifyRules(path, program(index))),
    )
    expect(differences.flat()).toEqual([])

    await lookup('localhost')
    const own = statSync('/proc/self/ns/net').ino
    const elsewhere = readdirSync('/proc/self/task').filter(
      (task) => statSync(`/proc/self/task/${task}/ns/net`).ino !== own,
    )
    expect(elsewhere).toEqual([])
  })

  it('write one namespace one after another under all of its names', async () => {
    await using network = await ScratchNetwork.create()
    const paths = [network.path, `/var/run/netns/${network.name}`, network.path, network.path]
    const outcomes = await Promise.all(paths.map((path) => namespaces.applyRules(path, iptables)))
    expect(outcomes.toSorted()).toEqual(['applied', 'unchanged', 'unchanged', 'unchanged'])
  })
})

describe('time', () => {
  it('that is over before a worker is free fails the job alone', async () => {
    await using network = await ScratchNetwork.create()
    const one = new NetworkNamespaces({ workers: 1, iptables: 'nft' })
    try {
      const slow = one.applyRules(network.path, iptables)
      const late = one.applyRules(network.path, iptables, { deadline: 0 })
      await expect(late).rejects.toMatchObject({ code: 'deadline' })
      expect(await slow).toBe('applied')
      expect(await one.verifyRules(network.path, iptables)).toEqual([])
    } finally {
      await one.close()
    }
  })
})

describe('a tool that hangs', () => {
  it('is killed in time, and the namespace is as before', async () => {
    const legacy = new NetworkNamespaces({ iptables: 'legacy' })
    await using network = await ScratchNetwork.create()
    // Legacy iptables waits for the lock of the namespace, which another process holds.
    const holder = spawn('flock', [network.path, 'sh', '-c', 'echo held; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])
      const before = await network.state('nft')
      const tproxy = programsFor(
        sidecarPod({ annotations: { 'sidecar.istio.io/interceptionMode': 'TPROXY' } }),
        ['10.77.0.2/16'],
      )
      await expect(legacy.applyRules(network.path, tproxy.iptables, { deadline: 300 })).rejects.toMatchObject(
        { code: 'deadline', message: expect.stringContaining('iptables-legacy-restore') },
      )
      expect(await network.state('nft')).toEqual(before)
    } finally {
      holder.stdin.end()
      await once(holder, 'exit')
    }
    expect(await legacy.applyRules(network.path, iptables)).toBe('applied')
    await legacy.close()
  })
})

describe('a machine without libnftables', () => {
  it('has no native nftables, and iptables works all the same', async () => {
    const poor = new NetworkNamespaces({ nftLibrary: 'libno-such-thing.so.1' })
    await using network = await ScratchNetwork.create()
    const before = await network.state()
    try {
      const found = await poor.detectBackends()
      expect(found).toMatchObject({ nft: false, iptables: 'nft' })
      expect(found.reasons.join()).toContain('libno-such-thing.so.1')
      await expect(poor.applyRules(network.path, nft)).rejects.toMatchObject({ code: 'backend-missing' })
      expect(await poor.applyRules(network.path, iptables)).toBe('applied')
      expect(await poor.applyRules(network.path, iptables)).toBe('unchanged')
      expect(await namespaces.verifyRules(network.path, iptables)).toEqual([])
      await poor.removeRules(network.path)
      expect((await network.state()).iptables).toEqual(before.iptables)
    } finally {
      await poor.close()
    }
  })
})

describe('a pod with a user namespace of its own', () => {
  let holder: ChildProcess
  beforeAll(async () => {
    holder = spawn('unshare', ['--user', '--net', 'sh', '-c', 'echo ready; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await Promise.race([once(holder.stdout ?? holder, 'data'), once(holder, 'exit')])
    for (const map of ['uid_map', 'gid_map']) await writeFile(`/proc/${holder.pid}/${map}`, '0 100000 65536')
  })
  afterAll(() => holder.stdin?.end())

  it.each([
    ['nft', nft],
    ['iptables', iptables],
  ] as const)('gets its rules, %s', async (_, program) => {
    const path = `/proc/${holder.pid}/ns/net`
    await namespaces.applyRules(path, program)
    expect(await namespaces.verifyRules(path, program)).toEqual([])
    expect(await namespaces.applyRules(path, program)).toBe('unchanged')
    await namespaces.removeRules(path)
    expect(await namespaces.verifyRules(path, program)).not.toEqual([])
  })
})

describe('the back-ends of this machine', () => {
  it('are found by use, and the answer stays', async () => {
    const found = await namespaces.detectBackends()
    expect(found).toMatchObject({ nft: true, iptables: 'nft', ip6tables: 'nft' })
    expect(await namespaces.detectBackends()).toBe(found)
  })

  it('can be decided from outside', async () => {
    const legacy = new NetworkNamespaces({ iptables: 'legacy' })
    await using network = await ScratchNetwork.create()
    try {
      expect(await legacy.detectBackends()).toMatchObject({ iptables: 'legacy' })
      await legacy.applyRules(network.path, iptables)
      expect((await network.state('legacy')).iptables.nat).toContain('-A OUTPUT -j ISTIO_OUTPUT')
    } finally {
      await legacy.close()
    }
  })
})
