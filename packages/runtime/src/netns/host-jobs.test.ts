import { describe, expect, it } from 'vitest'
import { hostRules } from '../rules/host.ts'
import { hostProgram } from '../rules/host-program.ts'
import { fittedHost } from './host-jobs.ts'

describe("the node's rules on a kernel without IPv6", () => {
  const both = hostRules({ ipv6: true })

  it('are those of IPv4 where a tool would be refused', () => {
    const without = hostProgram(hostRules({ ipv6: false }), 'iptables')
    expect(fittedHost(hostProgram(both, 'iptables'), false)).toEqual(without)
  })

  it('are the same as everywhere with nftables, and with IPv6', () => {
    for (const [program, hasIpv6] of [
      [hostProgram(both, 'nft'), false],
      [hostProgram(both, 'iptables'), true],
    ] as const) {
      expect(fittedHost(program, hasIpv6)).toEqual(program)
    }
  })
})
