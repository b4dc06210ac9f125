import { afterAll, describe, expect, it } from 'vitest'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { ambientPodCases } from '../conformance/ambient-pod-cases.ts'
import { ambientProgramsFor, asTheOriginalLeftIt, recordedPod } from './ambient-pods.ts'
import { programsFor, sidecarPod } from './programs.ts'
import { ScratchNetwork } from './scratch-network.ts'

const namespaces = new NetworkNamespaces({ iptables: 'nft' })
afterAll(() => namespaces.close())

const backends = ['nft', 'iptables'] as const
const runs = ambientPodCases
  .filter(({ state }) => state.iptables.error === undefined)
  .flatMap((recorded) => backends.map((backend) => ({ ...recorded, backend })))

describe.concurrent('a program of an ambient pod in a network namespace', () => {
  it.each(runs)('is as recorded, once and for all: $name, $backend', async (run) => {
    await using network = await ScratchNetwork.create()
    const program = ambientProgramsFor(run)[run.backend]
    const recorded = run.state[run.backend]
    const before = await network.state()
    expect(await namespaces.presentRules(network.path)).toBe('none')

    expect(await namespaces.applyRules(network.path, program)).toBe('applied')
    const after = await network.state()
    expect(after.iptables).toEqual(recorded.iptables ?? {})
    expect(after.ip6tables).toEqual(recorded.ip6tables ?? {})
    if (run.backend === 'nft') expect(after.nft).toEqual(recorded.nft)
    expect(after.ipRule.filter((line) => !before.ipRule.includes(line))).toEqual(recorded['ip rule'])
    expect(after.ipRoute.filter((line) => !before.ipRoute.includes(line))).toEqual(recorded['ip route'])
    expect(await namespaces.verifyRules(network.path, program)).toEqual([])
    expect(await namespaces.presentRules(network.path)).toBe(run.backend)

    expect(await namespaces.applyRules(network.path, program)).toBe('unchanged')
    expect(await network.state()).toEqual(after)

    await namespaces.removeRules(network.path)
    expect(await network.state()).toEqual(before)
    await namespaces.removeRules(network.path)
    expect(await network.state()).toEqual(before)
  })

  it.each(runs)('is recognised where the original put it: $name, $backend', async (run) => {
    await using network = await ScratchNetwork.create()
    const program = ambientProgramsFor(run)[run.backend]
    const empty = await network.state()
    await asTheOriginalLeftIt(network, run.state[run.backend])
    const before = await network.state()

    expect(await namespaces.verifyRules(network.path, program)).toEqual([])
    expect(await namespaces.applyRules(network.path, program)).toBe('unchanged')
    expect(await network.state()).toEqual(before)
    expect(await namespaces.presentRules(network.path)).toBe(run.backend)

    await namespaces.removeRules(network.path)
    expect(await network.state()).toEqual(empty)
  })
})

describe.concurrent('a pod of the other mode or back-end', () => {
  const ambient = ambientProgramsFor(recordedPod('defaults-dual'))

  it.each(backends)('has nothing of a sidecar left once it is ambient: %s', async (backend) => {
    await using network = await ScratchNetwork.create()
    const addresses = ['10.77.0.2/16', 'fd00:77::2/64']
    await namespaces.applyRules(network.path, programsFor(sidecarPod(), addresses)[backend])
    expect(await namespaces.applyRules(network.path, ambient[backend])).toBe('replaced')
    expect(await namespaces.verifyRules(network.path, ambient[backend])).toEqual([])
    expect((await network.state()).nft.join('\n')).not.toContain('istio-proxy')
  })

  it('can be asked for its back-end, and moves to another one only when told to', async () => {
    await using network = await ScratchNetwork.create()
    await asTheOriginalLeftIt(network, recordedPod('defaults-dual').state.iptables)
    expect(await namespaces.presentRules(network.path)).toBe('iptables')
    await network.shell('nft add table inet istio-ambient-nat')
    expect(await namespaces.presentRules(network.path)).toBe('both')
    expect(await namespaces.applyRules(network.path, ambient.nft)).toBe('replaced')
    expect(await namespaces.presentRules(network.path)).toBe('nft')
  })

  it('keeps routes and rules of its own that only look like ours', async () => {
    await using network = await ScratchNetwork.create(`
      ip rule add fwmark 0x1/0xfff lookup 100; ip route add local default dev lo table 100
      ip rule add fwmark 0x111 lookup 7`)
    const before = await network.state()
    await namespaces.removeRules(network.path)
    expect(await network.state()).toEqual(before)
  })
})

describe.concurrent('a drift of an ambient pod', () => {
  it.each([
    ['a routing rule', 'ip rule del priority 32764', 'ip rule'],
    ['an IPv6 route', 'ip -6 route flush table 100', 'ip route'],
    ['a chain', 'nft flush chain inet istio-ambient-nat istio-output', 'nft'],
    ['a table', 'nft delete table inet istio-ambient-mangle', 'nft'],
  ])('is found and repaired: %s', async (_, damage, where) => {
    await using network = await ScratchNetwork.create()
    const program = ambientProgramsFor(recordedPod('defaults-dual')).nft
    await namespaces.applyRules(network.path, program)
    await network.shell(damage)
    const found = await namespaces.verifyRules(network.path, program)
    expect(new Set(found.map((difference) => difference.where))).toEqual(new Set([where]))
    expect(await namespaces.applyRules(network.path, program)).toBe('replaced')
    expect(await namespaces.verifyRules(network.path, program)).toEqual([])
  })
})

describe('an ambient pod with IPv6 switched off on lo', () => {
  it.each(backends)('gets all but the IPv6 route, and the log tells it once: %s', async (backend) => {
    const warnings: string[] = []
    const told = new NetworkNamespaces({
      iptables: 'nft',
      log: { info: () => {}, warn: (_, message) => warnings.push(message) },
    })
    try {
      await using network = await ScratchNetwork.create('sysctl -qw net.ipv6.conf.all.disable_ipv6=1')
      const program = ambientProgramsFor(recordedPod('defaults-dual'))[backend]
      expect(await told.applyRules(network.path, program)).toBe('applied')
      expect(await told.verifyRules(network.path, program)).toEqual([])
      expect(await told.applyRules(network.path, program)).toBe('unchanged')
      const { ipRoute } = await network.state()
      expect(ipRoute.filter((line) => line.includes('table 100'))).toEqual([
        'local default dev lo table 100 scope host',
      ])
      expect(warnings).toEqual([expect.stringContaining('IPv6 is switched off on lo')])
    } finally {
      await told.close()
    }
  })
})
