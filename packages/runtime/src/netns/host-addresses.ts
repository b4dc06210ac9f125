/** Addresses of pods as the kernel's sets hold them. */
import { isIPv4, isIPv6 } from 'node:net'
import { NetnsError } from './errors.ts'
import { parseAddress } from './ip-address.ts'

/** One address in a normal form; IPv4 mapped into IPv6 is IPv4. */
export type HostAddress = Readonly<{ family: 4 | 6; bytes: Buffer; text: string }>

/** An address and the uid of the pod that has it; empty when nobody knows. */
export type ProbeMember = Readonly<{ address: string; uid: string }>

/** Takes an address with or without prefix length; throws `netlink` for anything else. */
export function hostAddress(text: string): HostAddress {
  const bare = text.replace(/\/\d{1,3}$/, '')
  if (isIPv4(bare)) return addressOfBytes(parseAddress(`${bare}/32`).bytes)
  if (isIPv6(bare) && !bare.includes('%')) return addressOfBytes(parseAddress(`${bare}/128`).bytes)
  throw new NetnsError('netlink', `${JSON.stringify(text.slice(0, 64))} is not the address of a pod`)
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex')

/** Of 4 or 16 bytes. */
export function addressOfBytes(bytes: Buffer): HostAddress {
  if (bytes.length === 4) return { family: 4, bytes, text: bytes.join('.') }
  if (bytes.subarray(0, 12).equals(mappedPrefix)) return addressOfBytes(bytes.subarray(12))
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return { family: 6, bytes, text: new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1) }
}
