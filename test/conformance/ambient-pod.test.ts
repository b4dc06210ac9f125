import { describe, expect, it } from 'vitest'
import { ambientRedirection } from '../../packages/runtime/src/mesh/ambient-redirection.ts'
import { podFromManifest } from '../../packages/runtime/src/mesh/pod.ts'
import { ambientRules } from '../../packages/runtime/src/rules/ambient.ts'
import { iptablesProgram } from '../../packages/runtime/src/rules/iptables.ts'
import type { RuleSet } from '../../packages/runtime/src/rules/model.ts'
import { nftProgram } from '../../packages/runtime/src/rules/nft.ts'
import type { SystemChanges } from '../../packages/runtime/src/rules/program.ts'
import { type AmbientPodCase, ambientPodCases, ambientSettingsOf } from './ambient-pod-cases.ts'
import { listingsOf } from './scratch-namespace.ts'

const isRoot = process.getuid?.() === 0

/** The original's agent can't add this pod with iptables at all; ours gives it its IPv4 half. */
const neverAdded = 'defaults-dual--no-ipv6'
const withoutIpv6 = ambientPodCases.find(({ name }) => name === 'defaults--no-ipv6')

const iptablesStateOf = ({ name, state }: AmbientPodCase) =>
  name === neverAdded ? withoutIpv6?.state.iptables : state.iptables

function rulesFor(recorded: AmbientPodCase): RuleSet {
  const { redirection } = ambientRedirection(podFromManifest(recorded.pod), ambientSettingsOf(recorded))
  return ambientRules(redirection)
}

describe.runIf(isRoot).concurrent('rules of ambient pods in the kernel', () => {
  it.each(ambientPodCases)('equal the recorded ones for $name', async (recorded) => {
    const rules = rulesFor(recorded)
    const listings = await listingsOf(iptablesProgram(rules), nftProgram(rules))
    expect(listings.iptables).toEqual(iptablesStateOf(recorded)?.iptables)
    expect(listings.ip6tables).toEqual(iptablesStateOf(recorded)?.ip6tables ?? {})
    expect(listings.nft).toEqual(recorded.state.nft.nft)
  })
})

describe('what an ambient pod needs besides rules', () => {
  it.each(ambientPodCases)('is what was recorded for $name', (recorded) => {
    const rules = rulesFor(recorded)
    for (const [program, state] of [
      [iptablesProgram(rules), iptablesStateOf(recorded)],
      [nftProgram(rules), recorded.state.nft],
    ] as const) {
      expect(linesOf(program.system)).toEqual({ rule: state?.['ip rule'], route: state?.['ip route'] })
    }
  })
})

describe('an ambient pod that the original fails to add', () => {
  it('is one with an IPv6 address on a node whose agent has IPv6 switched off', () => {
    const failed = ambientPodCases.filter(({ state }) => state.iptables.error ?? state.nft.error)
    expect(failed.map(({ name }) => name)).toEqual([neverAdded])
  })
})

/** As `ip rule` and `ip route` list it. */
const linesOf = ({ policyRoutes }: SystemChanges) => ({
  rule: policyRoutes.map(
    ({ mark, mask, priority, table }) =>
      `${priority}: from all fwmark 0x${mark.toString(16)}/0x${mask?.toString(16)} lookup ${table}`,
  ),
  route: policyRoutes.map(
    ({ family, table }) =>
      `local default dev lo table ${table} ${family === 4 ? 'scope host' : 'metric 1024 pref medium'}`,
  ),
})
