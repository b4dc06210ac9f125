import { describe, expect, it } from 'vitest'
import { hostRules } from './host.ts'
import { hostIptablesProgram, hostNftProgram } from './host-program.ts'
import { rulesReference } from './reference.ts'

describe("the node's rules", () => {
  it('say each rule once, whatever the back-end', () => {
    const rules = hostRules({ ipv6: true, probeAddress: { ipv4: '169.254.9.9', ipv6: 'fd99::9' } })
    expect(rules.rows).toHaveLength(2)
    const { nft } = hostNftProgram(rules)
    const { chains } = hostIptablesProgram(rules)
    for (const { to, source } of rules.rows) {
      expect(
        nft.split(`@${to.name} counter snat ip${to.family === 4 ? '' : '6'} to ${source}\n`),
      ).toHaveLength(2)
      const chain = chains.find(({ family }) => family === to.family)
      expect(chain?.rules).toEqual([expect.stringContaining(`${to.name} dst -j SNAT --to-source ${source}`)])
    }
  })

  it('are in the reference, each with its reason and as both back-ends have it', () => {
    const rules = hostRules({ ipv6: true })
    const lines = rulesReference().split('\n')
    const { nft } = hostNftProgram(rules)
    for (const [index, { because, to }] of rules.rows.entries()) {
      const line = lines.find((candidate) => candidate.includes(`set ${to.name} |`)) ?? expect.unreachable()
      const cells = line.split('|').map((cell) => cell.trim())
      expect(cells[3]).toBe(because)
      expect(nft).toContain(`\t\t${cells[4]?.slice(1, -1)}\n`)
      expect(hostIptablesProgram(rules).chains[index]?.rules).toEqual([cells[5]?.slice(1, -1)])
    }
  })

  it('are of IPv4 alone without IPv6', () => {
    const rules = hostRules({ ipv6: false })
    expect(JSON.stringify([rules, hostNftProgram(rules), hostIptablesProgram(rules)])).not.toMatch(
      /v6|ip6|fd16/,
    )
  })

  it('match the user of a kubelet that is not root', () => {
    expect(hostNftProgram(hostRules({ ipv6: false, kubeletUser: 991 })).nft).toContain('meta skuid 991 ')
  })
})
