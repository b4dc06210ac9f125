import { isIPv4, isIPv6 } from 'node:net'

/** An address range. */
export type Cidr = Readonly<{
  family: 4 | 6
  /** Canonical: host bits cleared, IPv6 compressed, prefix length always present. */
  text: string
  /** The address, as it was written, is a loopback address. */
  isLoopback: boolean
}>

/** The range that `text` writes as `address/bits`, or undefined. Strict: no spaces, no zone, no leading zeros. */
export function parseCidr(text: string): Cidr | undefined {
  const { address = '', bits = '' } =
    /^(?<address>[0-9a-fA-F.:]{2,45})\/(?<bits>0|[1-9]\d{0,2})$/.exec(text)?.groups ?? {}
  if (isIPv4(address)) return cidr(4, octets(address), 8, Number(bits))
  if (isIPv6(address)) return cidr(6, groups(address), 16, Number(bits))
  return undefined
}

function cidr(family: 4 | 6, parts: readonly number[], partBits: 8 | 16, bits: number): Cidr | undefined {
  if (bits > parts.length * partBits) return undefined
  const masked = parts.map((part, index) => {
    const kept = Math.min(Math.max(bits - index * partBits, 0), partBits)
    return part & (0xffff << (partBits - kept))
  })
  const isLoopback =
    family === 4 ? parts[0] === 127 : parts.every((part, index) => part === (index === 7 ? 1 : 0))
  return { family, text: `${family === 4 ? masked.join('.') : ipv6Text(masked)}/${bits}`, isLoopback }
}

const octets = (address: string): number[] => address.split('.').map(Number)

/** The eight groups of an IPv6 address. */
function groups(address: string): number[] {
  const [before = '', after] = canonicalIpv6(address).split('::')
  const left = hexGroups(before)
  const right = hexGroups(after ?? '')
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
}

const hexGroups = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))

const ipv6Text = (parts: readonly number[]): string =>
  canonicalIpv6(parts.map((part) => part.toString(16)).join(':'))

/** The URL standard compresses as RFC 5952 does and writes every group in hexadecimal. */
const canonicalIpv6 = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1)
