import { afterAll, describe, expect, it } from 'vitest'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { rulesCases, type State } from '../conformance/sidecar-cases.ts'
import { programsFor } from './programs.ts'
import { type NamespaceState, ScratchNetwork } from './scratch-network.ts'

const namespaces = new NetworkNamespaces({ iptables: 'nft' })
afterAll(() => namespaces.close())

const cases = rulesCases.filter(({ state }) => state.iptables.error === undefined)
const runs = cases.flatMap((recorded) =>
  (['nft', 'iptables'] as const).map((backend) => ({ ...recorded, backend })),
)

/** What the namespace has beyond what it had before, in the recordings' words. */
function added(before: NamespaceState, after: NamespaceState) {
  return {
    ipRule: after.ipRule.filter((line) => !before.ipRule.includes(line)),
    ipRoute: after.ipRoute.filter((line) => !before.ipRoute.includes(line)),
  }
}

const recordedSystem = (state: State) => ({
  ipRule: state['ip rule'] ?? [],
  ipRoute: state['ip route'] ?? [],
})

describe.concurrent('a program in a network namespace', () => {
  it.each(runs)('is as recorded, once and for all: $name, $backend', async (run) => {
    await using network = await ScratchNetwork.create()
    const program = programsFor(run.pod, run.addresses)[run.backend]
    const recorded = run.state[run.backend]
    const before = await network.state()

    expect(await namespaces.applyRules(network.path, program)).toBe('applied')
    const after = await network.state()
    expect(after.iptables).toEqual(recorded.iptables ?? {})
    expect(after.ip6tables).toEqual(recorded.ip6tables ?? {})
    if (run.backend === 'nft') expect(after.nft).toEqual(recorded.nft)
    expect(added(before, after)).toEqual(recordedSystem(recorded))
    expect(await namespaces.verifyRules(network.path, program)).toEqual([])

    expect(await namespaces.applyRules(network.path, program)).toBe('unchanged')
    expect(await network.state()).toEqual(after)

    await namespaces.removeRules(network.path)
    expect(await network.state()).toEqual(before)
    await namespaces.removeRules(network.path)
    expect(await network.state()).toEqual(before)
  })
})
