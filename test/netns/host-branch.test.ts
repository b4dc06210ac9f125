import { afterAll, describe, expect, it } from 'vitest'
import { HostNetwork, NetworkNamespaces } from '../../packages/runtime/src/netns/index.ts'
import { hostRules } from '../../packages/runtime/src/rules/host.ts'
import { hostProgram } from '../../packages/runtime/src/rules/host-program.ts'
import { ScratchNetwork } from './scratch-network.ts'

const namespaces = new NetworkNamespaces()
afterAll(() => namespaces.close())

const program = hostProgram(hostRules({ ipv6: true }), 'nft')
const branchPod = { address: '10.99.0.5', uid: 'uid-branch' }
const plainPod = { address: '10.99.0.9', uid: 'uid-plain' }

/** As the AWS plugin has it: a pod behind a VLAN's table, another one in the main table. */
const aws = `
  sysctl -qw net.ipv4.tcp_early_demux=0
  ip link add vlanbranch type veth peer name eth0; ip link set vlanbranch up
  ip route add 10.99.0.5/32 dev vlanbranch table 101
  ip rule add iif vlanbranch lookup 101 priority 10
  ip link add enib type veth peer name eth1; ip link set enib up
  ip route add 10.99.0.9/32 dev enib
  ip rule add to 10.99.0.9 lookup main priority 512`

const expected = ['9: from all iif vlanbranch lookup local', '512: from all to 10.99.0.5 lookup 101']

describe('a node with AWS branch interfaces', () => {
  const rulesIn = async (network: ScratchNetwork) =>
    (await network.shell('ip rule'))
      .split('\n')
      .map((line) =>
        line
          .replace(/ proto \S+/, '')
          .replace(/\s+/g, ' ')
          .trim(),
      )
      .filter((line) => line.startsWith('9:') || line.endsWith('lookup 101'))
      .filter((line) => !line.includes('iif vlanbranch lookup 101'))
  const hostOf = ({ path }: ScratchNetwork, branchInterfaces = true) =>
    new HostNetwork({ namespaces, hostNetns: path, backend: 'nft', branchInterfaces })

  it('routes the probes of such pods to their veth, and nothing else', async () => {
    await using network = await ScratchNetwork.create(aws)
    const host = hostOf(network)
    await host.applyRules(program)
    await host.changeProbeSet({ put: [branchPod, plainPod], remove: [] })
    expect(await rulesIn(network)).toEqual(expected)
    expect(await host.applyRules(program)).toBe('unchanged')
    await network.shell('ip rule del to 10.99.0.5 lookup 101 priority 512')
    expect(await host.verifyRules(program)).toEqual([
      { where: 'ip rule', kind: 'missing', line: '512: from all to 10.99.0.5 lookup 101' },
    ])
    expect(await host.applyRules(program)).toBe('replaced')
    expect(await rulesIn(network)).toEqual(expected)
    await host.changeProbeSet({ put: [], remove: [branchPod] })
    expect(await rulesIn(network)).toEqual([])
  })

  it('loses what a pod left behind, even if the AWS plugin and the agent have forgotten it', async () => {
    await using network = await ScratchNetwork.create(aws)
    const before = hostOf(network)
    await before.applyRules(program)
    await before.changeProbeSet({ put: [branchPod], remove: [] })
    await network.shell('ip rule del iif vlanbranch lookup 101; ip route flush table 101')
    const after = hostOf(network)
    expect(await after.applyRules(program)).toBe('replaced')
    expect(await rulesIn(network)).toEqual([])
  })

  it('keeps the rules of others, also those that the original wrote, until it is asked to go', async () => {
    await using network = await ScratchNetwork.create(aws)
    await network.shell('ip rule add to 10.99.0.5 lookup 101 priority 512')
    const host = hostOf(network)
    await host.applyRules(program)
    await host.changeProbeSet({ put: [branchPod], remove: [] })
    expect(await rulesIn(network)).toEqual(expected)
    await host.removeRules()
    expect(await rulesIn(network)).toEqual(expected.slice(1))
  })

  it('is told by its TCP setting, and can be left alone', async () => {
    await using network = await ScratchNetwork.create(aws)
    const off = hostOf(network, false)
    await off.applyRules(program)
    await off.changeProbeSet({ put: [branchPod], remove: [] })
    expect(await rulesIn(network)).toEqual([])
    await network.shell('sysctl -qw net.ipv4.tcp_early_demux=1')
    await hostOf(network).applyRules(program)
    expect(await rulesIn(network)).toEqual([])
  })
})
