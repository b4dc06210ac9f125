import { afterAll, describe, expect, it } from 'vitest'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import type { KernelProgram } from '../../packages/runtime/src/rules/program.ts'
import { programsFor, sidecarPod } from './programs.ts'
import { ScratchNetwork } from './scratch-network.ts'

const withNft = new NetworkNamespaces({ iptables: 'nft' })
const withLegacy = new NetworkNamespaces({ iptables: 'legacy' })
afterAll(() => Promise.all([withNft.close(), withLegacy.close()]))

const ipv4 = ['10.77.0.2/16']
/** A pod with an IPv6 address alone is programmed in both families. */
const dual = ['fd00:77::2/64']
const plain = sidecarPod()
const tproxy = sidecarPod({
  annotations: {
    'sidecar.istio.io/interceptionMode': 'TPROXY',
    'traffic.sidecar.istio.io/excludeInterfaces': 'net1',
  },
  proxyEnv: { ISTIO_META_DNS_CAPTURE: 'true' },
})
const selective = sidecarPod({
  annotations: {
    'traffic.sidecar.istio.io/excludeOutboundIPRanges': '10.1.0.0/16',
    'traffic.sidecar.istio.io/excludeInterfaces': 'net1',
    'istio.io/reroute-virtual-interfaces': 'veth1',
  },
})

const backends = [
  { backend: 'nft', namespaces: withNft, kind: 'nft' },
  { backend: 'iptables-nft', namespaces: withNft, kind: 'iptables' },
  { backend: 'iptables-legacy', namespaces: withLegacy, kind: 'iptables' },
] as const

/** Rules of others, where ours go, before and between them. */
const foreign = (variant: string) => `
  ip6tables-${variant} -t nat -A OUTPUT -p udp --dport 9 -j RETURN
  iptables-${variant} -t nat -N DOCKER_OUTPUT
  iptables-${variant} -t nat -A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
  iptables-${variant} -t nat -A DOCKER_OUTPUT -p tcp --dport 53 -j DNAT --to-destination 127.0.0.11:5353
  iptables-${variant} -t mangle -A OUTPUT -p udp -j MARK --set-mark 0x10
  iptables-${variant} -t mangle -P FORWARD DROP
  nft add table inet firewall
  nft add chain inet firewall input '{ type filter hook input priority 0; }'
  nft add rule inet firewall input tcp dport 9 drop`

const variantOf = (backend: string) => (backend === 'iptables-legacy' ? 'legacy' : 'nft')

/** One rule away, one too many. */
const tamper = {
  nft: `handle=$(nft -a list chain inet istio-proxy-nat istio-output | sed -n 's/.*return # handle //p' | head -1)
    nft delete rule inet istio-proxy-nat istio-output handle $handle
    nft add rule inet istio-proxy-nat istio-inbound tcp dport 81 accept`,
  'iptables-nft': `iptables-nft -t nat -D ISTIO_OUTPUT -p tcp --dport 15020 -j RETURN
    iptables-nft -t nat -A ISTIO_INBOUND -p tcp --dport 81 -j ACCEPT`,
  'iptables-legacy': `iptables-legacy -t nat -D ISTIO_OUTPUT -p tcp --dport 15020 -j RETURN
    iptables-legacy -t nat -A ISTIO_INBOUND -p tcp --dport 81 -j ACCEPT`,
}

describe.concurrent.each(backends)('a changed namespace, $backend', ({ backend, namespaces, kind }) => {
  const variant = variantOf(backend)

  it('is described line by line and repaired', async () => {
    await using network = await ScratchNetwork.create()
    const program = programsFor(plain, dual)[kind]
    await namespaces.applyRules(network.path, program)
    const before = await network.state(variant)
    await network.shell(tamper[backend])
    const found = await namespaces.verifyRules(network.path, program)
    expect(found).toHaveLength(2)
    expect(found).toContainEqual({
      where: kind,
      kind: 'missing',
      line: expect.stringMatching(/dport 15020.*return$/i),
    })
    expect(found).toContainEqual({
      where: kind,
      kind: 'unexpected',
      line: expect.stringMatching(/dport 81.*accept$/i),
    })
    expect(await namespaces.applyRules(network.path, program)).toBe('replaced')
    expect(await network.state(variant)).toEqual(before)
    expect(await namespaces.verifyRules(network.path, program)).toEqual([])
  })

  it('gets exactly the new program in place of another', async () => {
    await using fresh = await ScratchNetwork.create()
    await using network = await ScratchNetwork.create(foreign(variant))
    await namespaces.applyRules(fresh.path, programsFor(plain, ipv4)[kind])
    const untouched = await network.state(variant)
    const pods = [tproxy, selective, plain]
    for (const [index, pod] of pods.entries()) {
      const program = programsFor(pod, index === 0 ? dual : ipv4)[kind]
      expect(await namespaces.applyRules(network.path, program)).toBe(index === 0 ? 'applied' : 'replaced')
      expect(await namespaces.verifyRules(network.path, program)).toEqual([])
      expect(await namespaces.applyRules(network.path, program)).toBe('unchanged')
    }
    await namespaces.removeRules(network.path)
    expect(await network.state(variant)).toEqual(untouched)
  })

  it('is as before when the rules are refused, with the words of the tool', async () => {
    const good = programsFor(tproxy, dual)[kind]
    const broken = brokenOf(good)
    for (const setup of ['', foreign(variant)]) {
      await using network = await ScratchNetwork.create(setup)
      const before = await network.state(variant)
      await expect(namespaces.applyRules(network.path, broken)).rejects.toMatchObject({
        name: 'NetnsError',
        code: 'rules-refused',
        message: expect.stringContaining('no-such-thing'),
      })
      expect(await network.state(variant)).toEqual(before)

      await namespaces.applyRules(network.path, programsFor(selective, ipv4)[kind])
      const redirected = await network.state(variant)
      await expect(namespaces.applyRules(network.path, broken)).rejects.toThrow('no-such-thing')
      expect(await network.state(variant)).toEqual(redirected)
    }
  })

  it('is as before when an address cannot be added', async () => {
    await using network = await ScratchNetwork.create('sysctl -qw net.ipv6.conf.lo.disable_ipv6=1')
    const before = await network.state(variant)
    await expect(namespaces.applyRules(network.path, programsFor(plain, dual)[kind])).rejects.toMatchObject({
      code: 'ipv6-disabled',
    })
    expect(await network.state(variant)).toEqual(before)
  })
})

/** The last thing that is loaded fails: the last table of the last family. */
function brokenOf(program: KernelProgram): KernelProgram {
  if (program.backend === 'nft') return { ...program, nft: `${program.nft}\nno-such-thing\n` }
  const ipv6 = `${program.restore.ipv6 ?? ''}*nat\n-A OUTPUT -p tcp -j no-such-thing\nCOMMIT\n`
  return { ...program, restore: { ...program.restore, ipv6 } }
}

describe('a namespace in which another back-end was used', () => {
  it('keeps the rules of the last one alone', async () => {
    await using network = await ScratchNetwork.create()
    const before = await network.state()
    const { nft, iptables } = programsFor(tproxy, dual)
    expect(await withNft.applyRules(network.path, nft)).toBe('applied')
    expect(await withLegacy.verifyRules(network.path, iptables)).toContainEqual({
      where: 'nft',
      kind: 'unexpected',
      line: 'table inet istio-proxy-nat {',
    })
    expect(await withLegacy.applyRules(network.path, iptables)).toBe('replaced')
    expect((await network.state()).nft).toEqual([])
    expect(await withNft.applyRules(network.path, iptables)).toBe('replaced')
    expect((await network.state('legacy')).iptables).toEqual({})
    expect(await withLegacy.applyRules(network.path, nft)).toBe('replaced')
    expect((await network.state()).iptables).toEqual({})
    expect(await withNft.verifyRules(network.path, nft)).toEqual([])
    await withNft.removeRules(network.path)
    expect(await network.state()).toEqual(before)
  })
})

describe('routing for TPROXY', () => {
  it('is found when another agent made it, repaired when it is gone, and wholly removed', async () => {
    await using network = await ScratchNetwork.create()
    const before = await network.state()
    const { nft } = programsFor(tproxy, ipv4)
    await network.shell(`ip rule add fwmark 1337 lookup 133; ip rule add fwmark 1337 lookup 133 pref 100
      ip route add local default dev lo table 133`)
    const made = await network.state()
    await withNft.applyRules(network.path, nft)
    expect((await network.state()).ipRule).toEqual(made.ipRule)

    await network.shell('ip route flush table 133')
    expect(await withNft.verifyRules(network.path, nft)).toEqual([
      { where: 'ip route', kind: 'missing', line: 'local default dev lo table 133 (IPv4)' },
    ])
    expect(await withNft.applyRules(network.path, nft)).toBe('replaced')
    expect((await network.state()).ipRoute).toEqual(made.ipRoute)
    await withNft.removeRules(network.path)
    expect(await network.state()).toEqual(before)
  })

  it('works where lo is still down', async () => {
    await using network = await ScratchNetwork.create('ip link set lo down')
    expect(await withNft.applyRules(network.path, programsFor(tproxy, dual).nft)).toBe('applied')
    expect((await network.state()).ipRoute).toContain('local default dev lo table 133 scope host')
  })
})
