import { afterAll, describe, expect, it } from 'vitest'
import { HostNetwork, hostNetnsOf } from '../../packages/runtime/src/netns/index.ts'
import { ipSetMembers } from '../../packages/runtime/src/netns/ip-set.ts'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { hostRules } from '../../packages/runtime/src/rules/host.ts'
import { hostProgram } from '../../packages/runtime/src/rules/host-program.ts'
import { hasIpSet } from './ip-set-kernel.ts'
import { ScratchNetwork } from './scratch-network.ts'

const withNft = new NetworkNamespaces({ iptables: 'nft' })
const withLegacy = new NetworkNamespaces({ iptables: 'legacy' })
afterAll(() => Promise.all([withNft.close(), withLegacy.close()]))

const kernelHasIpSet = await hasIpSet()
const backends = [
  { name: 'nft', namespaces: withNft, backend: 'nft', variant: 'nft' },
  { name: 'iptables-nft', namespaces: withNft, backend: 'iptables', variant: 'nft' },
  { name: 'iptables-legacy', namespaces: withLegacy, backend: 'iptables', variant: 'legacy' },
] as const
/** A kernel without ip_set (module ip_set_hash_ip) can have these rules with nftables alone. */
const isTestable = ({ backend }: { backend: string }) => backend === 'nft' || kernelHasIpSet

/** What firewalls, kube-proxy and others have on a node. */
const foreign = (variant: string) => `
  iptables-${variant} -t nat -N KUBE-POSTROUTING
  iptables-${variant} -t nat -A POSTROUTING -j KUBE-POSTROUTING
  iptables-${variant} -t nat -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
  iptables-${variant} -t nat -A KUBE-POSTROUTING -j MASQUERADE
  ip6tables-${variant} -t nat -A POSTROUTING -o eth9 -j MASQUERADE
  nft add table inet firewall
  nft add chain inet firewall input '{ type filter hook input priority 0; }'
  nft add rule inet firewall input tcp dport 9 drop`

const flush = {
  nft: 'nft delete table inet istio-ambient-nat',
  'iptables-nft': 'iptables-nft -t nat -F; iptables-nft -t nat -X; nft delete table ip6 nat',
  'iptables-legacy':
    'iptables-legacy -t nat -F; iptables-legacy -t nat -X; ip6tables-legacy -t nat -F POSTROUTING',
}

const both = hostRules({ ipv6: true })
const one = { address: '10.1.0.1', uid: 'uid-1' }
const six = { address: 'fd00::1', uid: 'uid-1' }
const two = { address: '10.1.0.2', uid: 'uid-2' }

for (const row of backends) {
  describe.runIf(isTestable(row)).concurrent(`the node, ${row.name}`, () => {
    const { name, namespaces, backend, variant } = row
    const program = hostProgram(both, backend)
    const hostOf = ({ path }: ScratchNetwork) => new HostNetwork({ namespaces, hostNetns: path, backend })

    it('gets its rules once and keeps everything of others', async () => {
      await using network = await ScratchNetwork.create(foreign(variant))
      const before = await network.state(variant)
      const host = hostOf(network)
      expect(await host.verifyRules(program)).not.toEqual([])
      expect(await host.applyRules(program)).toBe('applied')
      const written = await network.state(variant)
      expect(written).not.toEqual(before)
      expect(await host.verifyRules(program)).toEqual([])
      expect(await host.applyRules(program)).toBe('unchanged')
      expect(await hostOf(network).applyRules(program)).toBe('unchanged')
      expect(await network.state(variant)).toEqual(written)
      await host.removeRules()
      expect(await network.state(variant)).toEqual(before)
      await host.removeRules()
    })

    it('has the jump before the rules of others, and no second one', async () => {
      if (backend === 'nft') return
      await using network = await ScratchNetwork.create(foreign(variant))
      const host = hostOf(network)
      await host.applyRules(program)
      const list = () => network.shell(`iptables-${variant} -t nat -S POSTROUTING`)
      expect((await list()).split('\n')[1]).toBe('-A POSTROUTING -j ISTIO_POSTRT')
      await network.shell(`iptables-${variant} -t nat -A POSTROUTING -j ISTIO_POSTRT`)
      expect(await host.verifyRules(program)).toEqual([
        { where: 'iptables', kind: 'unexpected', line: '-A POSTROUTING -j ISTIO_POSTRT' },
      ])
      expect(await host.applyRules(program)).toBe('replaced')
      expect((await list()).match(/ISTIO_POSTRT/g)).toHaveLength(1)
      // Others want to be first too: that is no reason to fight.
      await network.shell(`iptables-${variant} -t nat -I POSTROUTING -p udp -j ACCEPT`)
      expect(await host.verifyRules(program)).toEqual([])
    })

    it('tells what a firewall flushed, and gets it back with all members', async () => {
      await using network = await ScratchNetwork.create(foreign(variant))
      const host = hostOf(network)
      await host.applyRules(program)
      await host.changeProbeSet({ put: [one, six], remove: [] })
      const before = await network.state(variant)
      await network.shell(flush[name])
      const found = await host.verifyRules(program)
      expect(found.length).toBeGreaterThan(0)
      expect(found.every(({ kind }) => kind === 'missing')).toBe(true)
      expect(await host.applyRules(program)).not.toBe('unchanged')
      expect(await host.verifyRules(program)).toEqual([])
      expect(await host.probeSet()).toEqual(
        new Map([
          [one.address, one.uid],
          [six.address, six.uid],
        ]),
      )
      if (backend === 'nft') expect((await network.state(variant)).nft).toEqual(before.nft)
    })

    it('takes an address from its owner alone, and gives it to whoever comes last', async () => {
      await using network = await ScratchNetwork.create()
      const host = hostOf(network)
      await host.applyRules(program)
      await host.changeProbeSet({ put: [one, two, { address: '::ffff:10.1.0.3', uid: 'uid-3' }], remove: [] })
      await host.changeProbeSet({ put: [{ ...one, uid: 'uid-9' }], remove: [] })
      await host.changeProbeSet({ put: [], remove: [one, { address: '10.1.0.200', uid: 'nobody' }] })
      expect(await host.probeSet()).toEqual(
        new Map([
          ['10.1.0.1', 'uid-9'],
          ['10.1.0.2', 'uid-2'],
          ['10.1.0.3', 'uid-3'],
        ]),
      )
      // One pod goes and another gets its address, in one batch.
      await host.changeProbeSet({ put: [{ ...two, uid: 'uid-4' }], remove: [two, { ...one, uid: 'uid-9' }] })
      expect(Object.fromEntries(await host.probeSet())).toEqual({ '10.1.0.2': 'uid-4', '10.1.0.3': 'uid-3' })
      await expect(
        host.changeProbeSet({ put: [{ address: '10.1.0.0/x', uid: 'u' }], remove: [] }),
      ).rejects.toMatchObject({ code: 'netlink' })
    })

    it('does not keep a new pod from its place while the rules are gone', async () => {
      await using network = await ScratchNetwork.create()
      const host = hostOf(network)
      await host.applyRules(program)
      await host.changeProbeSet({ put: [one], remove: [] })
      await network.shell(flush[name])
      await host.changeProbeSet({ put: [two], remove: [] })
      if (backend === 'nft') expect(await host.verifyRules(program)).toEqual([])
      expect([...(await host.probeSet()).keys()].sort()).toEqual([one.address, two.address])
    })

    it('touches nothing of a family that is switched off', async () => {
      await using network = await ScratchNetwork.create()
      const host = hostOf(network)
      const ipv4Alone = hostProgram(hostRules({ ipv6: false }), backend)
      await host.applyRules(ipv4Alone)
      await host.changeProbeSet({ put: [one, six], remove: [] })
      expect(await host.verifyRules(ipv4Alone)).toEqual([])
      expect([...(await host.probeSet()).keys()]).toEqual([one.address])
      const { ip6tables, nft } = await network.state(variant)
      expect(ip6tables).toEqual({})
      expect(nft.join('\n')).not.toContain('ip6')
      expect(await host.applyRules(program)).toBe('replaced')
      expect(await host.verifyRules(program)).toEqual([])
      expect(await host.applyRules(ipv4Alone)).toBe('replaced')
      expect(await host.verifyRules(ipv4Alone)).toEqual([])
      expect((await network.state(variant)).ip6tables).toEqual({})
    })

    it('has only the back-end that came last', async () => {
      await using network = await ScratchNetwork.create()
      const others = backends.filter((other) => isTestable(other) && other.name !== name)
      for (const other of others) {
        await new HostNetwork({ ...other, hostNetns: network.path }).applyRules(
          hostProgram(both, other.backend),
        )
      }
      const host = hostOf(network)
      expect(await host.verifyRules(program)).toContainEqual(expect.objectContaining({ kind: 'unexpected' }))
      await host.applyRules(program)
      expect(await host.verifyRules(program)).toEqual([])
      const state = await network.state(variant)
      const elsewhere = await network.state(variant === 'nft' ? 'legacy' : 'nft')
      expect(Object.keys(elsewhere.iptables)).toEqual([])
      if (backend === 'nft') expect(state.iptables).toEqual({})
      else expect(state.nft).toEqual([])
      await host.removeRules()
    })
  })
}

describe('a node that the original configured with nftables', () => {
  const original = `nft -f - <<END
    table inet istio-ambient-nat {
      set istio-inpod-probes-v4 {
        type ipv4_addr; comment "UUID of the pods that are part of ambient mesh"
        elements = { 10.1.0.1 comment "uid-1" }
      }
      chain postrouting {
        type nat hook postrouting priority 100;
        meta l4proto tcp meta skuid 0 ip daddr @istio-inpod-probes-v4 counter snat ip to 169.254.7.127
      }
    }
END`

  it('keeps its members and their owners, and loses the user data that old tools cannot read', async () => {
    await using network = await ScratchNetwork.create(original)
    const host = new HostNetwork({ namespaces: withNft, hostNetns: network.path, backend: 'nft' })
    const program = hostProgram(hostRules({ ipv6: false }), 'nft')
    expect(await host.applyRules(program)).toBe('replaced')
    expect(await host.probeSet()).toEqual(new Map([['10.1.0.1', 'uid-1']]))
    const raw = await network.shell('nft --debug=netlink list table inet istio-ambient-nat 2>&1')
    expect(raw).not.toContain('comment')
    expect(raw).not.toContain('userdata')
    await host.changeProbeSet({ put: [], remove: [one] })
    expect(await host.probeSet()).toEqual(new Map())
  })

  it('lets go of an address whose owner nobody knows', async () => {
    await using network = await ScratchNetwork.create()
    const program = hostProgram(both, 'nft')
    const before = new HostNetwork({ namespaces: withNft, hostNetns: network.path, backend: 'nft' })
    await before.applyRules(program)
    await before.changeProbeSet({ put: [one, two], remove: [] })
    const after = new HostNetwork({ namespaces: withNft, hostNetns: network.path, backend: 'nft' })
    await after.applyRules(program)
    expect(Object.fromEntries(await after.probeSet())).toEqual({ '10.1.0.1': '', '10.1.0.2': '' })
    await after.changeProbeSet({ put: [{ ...two, uid: 'uid-7' }], remove: [one] })
    await after.changeProbeSet({ put: [], remove: [two] })
    expect(Object.fromEntries(await after.probeSet())).toEqual({ '10.1.0.2': 'uid-7' })
  })
})

describe.runIf(kernelHasIpSet)("the node's set in iptables", () => {
  it('keeps owners in the kernel, for the agent that comes after', async () => {
    await using network = await ScratchNetwork.create()
    const program = hostProgram(both, 'iptables')
    const options = { namespaces: withNft, hostNetns: network.path, backend: 'iptables' } as const
    const before = new HostNetwork(options)
    await before.applyRules(program)
    await before.changeProbeSet({ put: [one], remove: [] })
    const after = new HostNetwork(options)
    expect(await after.applyRules(program)).toBe('unchanged')
    expect(await after.probeSet()).toEqual(new Map([[one.address, one.uid]]))
    await after.changeProbeSet({ put: [], remove: [{ ...one, uid: 'uid-2' }] })
    expect(await after.probeSet()).toEqual(new Map([[one.address, one.uid]]))
  })

  it('is matched by rules that this iptables lists in another spelling than they are written', async () => {
    await using network = await ScratchNetwork.create()
    const program = hostProgram(hostRules({ ipv6: false }), 'iptables')
    if (program.backend !== 'iptables') throw new Error('another back-end')
    const spelled = (rule: string) => rule.replace('--to-source', '--to').replace('-p tcp', '-p 6')
    const chains = program.chains.map((chain) => ({ ...chain, rules: chain.rules.map(spelled) }))
    const host = new HostNetwork({ namespaces: withNft, hostNetns: network.path, backend: 'iptables' })
    await host.applyRules({ ...program, chains })
    expect(await host.verifyRules({ ...program, chains })).toEqual([])
    expect(await host.applyRules({ ...program, chains })).toBe('unchanged')
    await network.shell('iptables-nft -t nat -A ISTIO_POSTRT -p udp -j ACCEPT')
    expect(await host.verifyRules({ ...program, chains })).toEqual([
      { where: 'iptables', kind: 'unexpected', line: '-A ISTIO_POSTRT -p udp -j ACCEPT' },
    ])
  })

  it('is not there before it is made', () => {
    expect(ipSetMembers('no-such-set')).toBeUndefined()
  })
})

describe("the node's namespace", () => {
  it("is the agent's own unless it may switch", () => {
    expect(hostNetnsOf({ allowSwitchToHostNs: false })).toBe('/proc/self/ns/net')
    expect(hostNetnsOf({ allowSwitchToHostNs: true })).toBe('/host/proc/1/ns/net')
  })

  it('is open to the jobs of the node alone', async () => {
    const hostNetns = hostNetnsOf({ allowSwitchToHostNs: false })
    const host = new HostNetwork({ namespaces: withNft, hostNetns, backend: 'nft' })
    // Only a look: nothing is changed in the namespace of this machine.
    const found = await host.verifyRules(hostProgram(both, 'nft'))
    expect(found.every(({ where }) => where === 'nft')).toBe(true)
    await expect(withNft.removeRules(hostNetns)).rejects.toMatchObject({ code: 'host-namespace' })
    await expect(host.changeProbeSet({ put: [one], remove: [] })).rejects.toThrow('not been applied yet')
    await expect(host.applyRules(hostProgram(both, 'iptables'))).rejects.toMatchObject({
      code: 'rules-refused',
    })
  })
})
