import { BlockList, isIP } from 'node:net'
import { NoAddressError } from './errors.ts'
import type { Family } from './model.ts'

/**
 * The families in which a pod with these addresses (with or without prefix length) is redirected, as the original
 * decides it: IPv4 always; IPv6 if the pod has no IPv4 address, or if it has both and wants dual stack.
 *
 * @throws NoAddressError
 */
export function programmedFamilies(addresses: readonly string[], dualStack: boolean): readonly Family[] {
  const families = new Set(addresses.map(familyOf))
  if (!families.has(4) && !families.has(6)) throw new NoAddressError(addresses)
  return families.has(6) && (dualStack || !families.has(4)) ? [4, 6] : [4]
}

/** Undefined for addresses that say nothing about the pod's families, and for what isn't an address. */
function familyOf(text: string): Family | undefined {
  const address = text.replace(/\/\d+$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
  const version = isIP(address)
  if (version === 4) return local.check(address, 'ipv4') ? undefined : 4
  if (version === 6) return local.check(address, 'ipv6') ? undefined : 6
  return undefined
}

const local = new BlockList()
local.addSubnet('127.0.0.0', 8, 'ipv4')
local.addSubnet('169.254.0.0', 16, 'ipv4')
local.addSubnet('224.0.0.0', 24, 'ipv4')
local.addAddress('::1', 'ipv6')
local.addSubnet('fe80::', 10, 'ipv6')
local.addSubnet('ff02::', 16, 'ipv6')
