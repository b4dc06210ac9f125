/** How much of IPv6 there is in the calling thread's network namespace. */
import { existsSync, readFileSync } from 'node:fs'
import type { KernelProgram } from '../rules/program.ts'

/**
 * - `off on lo`: packets may come, but nothing can be routed to `lo` (net.ipv6.conf.lo.disable_ipv6)
 * - `absent`: the kernel has none; its tools and its netlink would refuse everything
 */
export type Ipv6 = 'on' | 'off on lo' | 'absent'

/** A program that can't do without IPv6 is told that it is on, and fails where it isn't. */
export const ipv6For = (program: KernelProgram): Ipv6 => (program.isIpv6Optional ? ipv6Here() : 'on')

function ipv6Here(): Ipv6 {
  if (!existsSync('/proc/thread-self/net/if_inet6')) return 'absent'
  try {
    const isOff = readFileSync('/proc/sys/net/ipv6/conf/lo/disable_ipv6', 'utf8').trim() === '1'
    return isOff ? 'off on lo' : 'on'
  } catch {
    // A container without /proc/sys: whatever is missing, the kernel will say.
    return 'on'
  }
}

/** The program without what runs tools for IPv6, if there is none. Native nftables needs no IPv6 for its rules. */
export function fittedTo(ipv6: Ipv6, program: KernelProgram): KernelProgram {
  if (ipv6 !== 'absent' || program.backend === 'nft') return program
  const { ipv6: _, ...restore } = program.restore
  return { ...program, restore }
}
