import { describe, expect, it } from 'vitest'
import type { KernelProgram } from '../rules/program.ts'
import { fittedTo, ipv6For } from './ipv6.ts'

const system = { policyRoutes: [], loopbackAddresses: [] }
const iptables: KernelProgram = { backend: 'iptables', restore: { ipv4: '*nat', ipv6: '*nat' }, system }
const nft: KernelProgram = { backend: 'nft', nft: '', tables: [], system }

describe('a program without IPv6 in the kernel', () => {
  it('has no text for ip6tables', () => {
    expect(fittedTo('absent', iptables)).toEqual({ ...iptables, restore: { ipv4: '*nat' } })
  })

  it('is the same for nftables, whose tables are for both families', () => {
    expect(fittedTo('absent', nft)).toBe(nft)
  })

  it('stays whole where the kernel has IPv6, even if lo has not', () => {
    expect(fittedTo('on', iptables)).toBe(iptables)
    expect(fittedTo('off on lo', iptables)).toBe(iptables)
  })

  it('is not looked for when it cannot be done without', () => {
    expect(ipv6For(iptables)).toBe('on')
  })
})
