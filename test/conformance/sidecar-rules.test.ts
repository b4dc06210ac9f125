import { describe, expect, it } from 'vitest'
import { decisionOf } from '../../packages/runtime/src/mesh/decision.ts'
import { podFromManifest } from '../../packages/runtime/src/mesh/pod.ts'
import { iptablesProgram } from '../../packages/runtime/src/rules/iptables.ts'
import type { RuleSet } from '../../packages/runtime/src/rules/model.ts'
import { nftProgram } from '../../packages/runtime/src/rules/nft.ts'
import type { SystemChanges } from '../../packages/runtime/src/rules/program.ts'
import { sidecarRules } from '../../packages/runtime/src/rules/sidecar.ts'
import { listingsOf } from './scratch-namespace.ts'
import { rulesCases, selectionCases, settingsOf } from './sidecar-cases.ts'

const isRoot = process.getuid?.() === 0
const redirected = rulesCases.filter(({ state }) => state.iptables.error === undefined)
/** What the original accepts and then can't program: see the tests of `mesh/` for what ours does. */
const failed = rulesCases.filter(({ state }) => state.iptables.error !== undefined)

function rulesFor(pod: unknown, addresses: readonly string[]): RuleSet {
  const decision = decisionOf(podFromManifest(pod), settingsOf())
  if (decision.mode !== 'sidecar') throw new Error(`not redirected: ${JSON.stringify(decision)}`)
  return sidecarRules(decision.redirection, addresses)
}

describe.runIf(isRoot).concurrent('rules of sidecar pods in the kernel', () => {
  it.each(redirected)('equal the recorded ones for $name', async ({ pod, addresses, state }) => {
    const rules = rulesFor(pod, addresses)
    const listings = await listingsOf(iptablesProgram(rules), nftProgram(rules))
    expect(listings.iptables).toEqual(state.iptables.iptables)
    expect(listings.ip6tables).toEqual(state.iptables.ip6tables ?? {})
    expect(listings.nft).toEqual(state.nft.nft)
  })

  it.each(selectionCases.filter(({ iptables }) => iptables !== undefined))(
    'equal the recorded ones for $name',
    async ({ pod, iptables }) => {
      const rules = rulesFor(pod, ['10.77.0.2/16'])
      expect((await listingsOf(iptablesProgram(rules), nftProgram(rules))).iptables).toEqual(iptables)
    },
  )

  it.each(failed.filter(({ name }) => name.endsWith('-all')))(
    'can be loaded for $name, which the original cannot',
    async ({ pod, addresses }) => {
      const rules = rulesFor(pod, addresses)
      const listings = await listingsOf(iptablesProgram(rules), nftProgram(rules))
      expect(listings.iptables.nat).toContain('-A OUTPUT -j ISTIO_OUTPUT')
    },
  )
})

describe('what a sidecar pod needs besides rules', () => {
  it.each(redirected)('is what was recorded for $name', ({ pod, addresses, state }) => {
    const rules = rulesFor(pod, addresses)
    for (const [program, recorded] of [
      [iptablesProgram(rules), state.iptables],
      [nftProgram(rules), state.nft],
    ] as const) {
      expect(linesOf(program.system)).toEqual({
        rule: recorded['ip rule'] ?? [],
        route: recorded['ip route'] ?? [],
      })
    }
  })
})

/** As `ip rule` and `ip route` list it. */
function linesOf({ policyRoutes, loopbackAddresses }: SystemChanges) {
  const route = (family: 4 | 6) => (family === 4 ? 'scope host' : 'metric 1024 pref medium')
  return {
    rule: policyRoutes.map(
      ({ mark, table }) => `32765: from all fwmark 0x${mark.toString(16)} lookup ${table}`,
    ),
    route: [
      ...policyRoutes.map(({ family, table }) => `local default dev lo table ${table} ${route(family)}`),
      ...loopbackAddresses
        .map((address) => address.replace('/128', ''))
        .flatMap((address) => [
          `${address} dev lo proto kernel metric 256 pref medium`,
          `local ${address} dev lo table local proto kernel metric 0 pref medium`,
        ]),
    ],
  }
}
