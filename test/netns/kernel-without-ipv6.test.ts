import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { hasSmallKernel, underSmallKernel } from './small-kernel.ts'
import type { Told } from './small-kernel-program.ts'

// Another kernel than the machine's: Debian's User Mode Linux, for this architecture alone.
describe.runIf(hasSmallKernel)('a kernel without IPv6, nftables for IP, and zones of conntrack', () => {
  let told: Told

  beforeAll(async () => {
    const program = join(import.meta.dirname, 'small-kernel-program.ts')
    const [line] = await underSmallKernel<Told>(program, 'ipv6.disable=1')
    if (line === undefined) throw new Error('nothing came of the program')
    told = line
  }, 180_000)

  it('has the iptables that works there chosen, and what is missing named', () => {
    expect(told.backends).toMatchObject({ iptables: 'legacy', nft: false })
    expect(told.backends.reasons.join('\n')).toMatch(/iptables \(legacy\) lacks conntrack zones/)
  })

  it('has pods redirected and the node’s rules written, IPv4 as ever', () => {
    expect(told.applied).toEqual(['applied', 'unchanged'])
    expect(told.differences).toEqual([])
    expect(told.rules).toMatch(/ISTIO_PRERT.*15006[\s\S]*ISTIO_PRERT.*0x111/)
    expect(told.routes).toMatch(/fwmark 0x111\/0xfff lookup 100[\s\S]*local default dev lo/)
    expect(told.onHost).toBe('applied')
  })

  it('has the rules taken away again', () => {
    expect(told.removed).not.toContain('ISTIO')
  })

  it('refuses rules that it cannot have, by the name of their table', () => {
    expect(told.refused).toMatch(/the kernel refused table raw/)
  })

  it('does not end the agent when even netfilter is missing', () => {
    expect(told.withoutNetfilter).toMatchObject({ nft: false })
    expect(told.withoutNetfilter.reasons.join('\n')).toContain('the kernel has no netfilter sockets')
  })
})
