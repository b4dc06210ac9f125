/** Addresses with prefix length as the kernel takes them. */
import { isIPv4, isIPv6 } from 'node:net'
import { NetnsError } from './errors.ts'
import type { LoopbackAddress } from './route-messages.ts'

/** Parses `"::6/128"` or `"127.0.0.6/32"`; throws `netlink` for anything else. */
export function parseAddress(text: string): LoopbackAddress {
  const [address = '', prefix = ''] = text.split('/')
  const prefixLength = /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (isIPv4(address) && prefixLength >= 0 && prefixLength <= 32) {
    return { family: 4, bytes: Buffer.from(address.split('.').map(Number)), prefixLength }
  }
  if (isIPv6(address) && !address.includes('%') && prefixLength >= 0 && prefixLength <= 128) {
    return { family: 6, bytes: ipv6Bytes(address), prefixLength }
  }
  throw new NetnsError('netlink', `${JSON.stringify(text)} is not an address with a prefix length`)
}

function ipv6Bytes(address: string): Buffer {
  // The URL parser is the run time's own IPv6 parser: it gives lower-case groups without an embedded IPv4 part.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const first = groups(head)
  const last = tail === undefined ? [] : groups(tail)
  const zeros = Array<string>(8 - first.length - last.length).fill('0')
  const bytes = Buffer.alloc(16)
  for (const [index, group] of [...first, ...zeros, ...last].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2)
  }
  return bytes
}
