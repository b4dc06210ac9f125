import { PASSTHROUGH_SOURCE } from '@istio-install-cni/config-schema'
import type { Cidr } from '../mesh/cidr.ts'
import type { Addresses } from './model.ts'

export const loopback: Addresses = { ipv4: '127.0.0.1/32', ipv6: '::1/128' }

/** Where the proxy's connections to its own application come from. */
export const passthroughIpv4: Addresses = { ipv4: `${PASSTHROUGH_SOURCE.ipv4}/32` }
export const passthroughIpv6: Addresses = { ipv6: `${PASSTHROUGH_SOURCE.ipv6}/128` }
export const passthrough: Addresses = { ...passthroughIpv4, ...passthroughIpv6 }

/** IPv4 before IPv6, else in the order given: the order of the rules. */
export function inRuleOrder(ranges: readonly Cidr[]): readonly Addresses[] {
  return [4, 6].flatMap((family) => ranges.filter((range) => range.family === family)).map(addressesOf)
}

const addressesOf = ({ family, text }: Cidr): Addresses => (family === 4 ? { ipv4: text } : { ipv6: text })
