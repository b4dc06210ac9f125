/** An address with its network mask, as Go's net.IPNet prints it into JSON. */
export interface Network {
  /** Canonical text (RFC 5952); an IPv4-mapped address prints as IPv4. */
  readonly ip: string
  readonly family: 4 | 6
  /** The mask's 4 or 16 bytes in base64. */
  readonly mask: string
}

/** Reads `10.1.2.3/16` or `fd00::1/64`; nothing when it is neither. */
export function networkOf(cidr: string): Network | undefined {
  const slash = cidr.indexOf('/')
  const prefix = cidr.slice(slash + 1)
  const bytes = slash < 0 ? undefined : addressBytes(cidr.slice(0, slash))
  if (bytes === undefined || !/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bytes.length * 8)
    return undefined
  const text = addressText(bytes)
  return {
    ip: text,
    family: text.includes(':') ? 6 : 4,
    mask: base64(maskBytes(Number(prefix), bytes.length)),
  }
}

/** The canonical text of an address; nothing when it is none. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = addressBytes(text)
  return bytes && addressText(bytes)
}

function addressBytes(text: string): number[] | undefined {
  return text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text)
}

function ipv4Bytes(text: string): number[] | undefined {
  const parts = text.split('.')
  const valid =
    parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  return valid ? parts.map(Number) : undefined
}

function ipv6Bytes(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => groupBytes(half, index === halves.length - 1))
  if (head === undefined) return undefined
  if (halves.length === 1) return head.length === 16 ? head : undefined
  if (tail === undefined || head.length + tail.length > 14) return undefined
  return [...head, ...new Array<number>(16 - head.length - tail.length).fill(0), ...tail]
}

/** Bytes of colon-separated groups; at the end of an address the last may be an IPv4 address. */
function groupBytes(text: string, atEnd: boolean): number[] | undefined {
  const groups = text === '' ? [] : text.split(':')
  const bytes: number[] = []
  for (const [index, group] of groups.entries()) {
    const last = atEnd && index === groups.length - 1 && group.includes('.') ? ipv4Bytes(group) : undefined
    if (last !== undefined) bytes.push(...last)
    else if (/^[0-9a-fA-F]{1,4}$/.test(group))
      bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255)
    else return undefined
  }
  return bytes
}

function addressText(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.')
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  if (mapped) return bytes.slice(12).join('.')
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0))
  const { from, length } = longestZeroRun(groups)
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, from))}::${hex(groups.slice(from + length))}`
}

function longestZeroRun(groups: readonly number[]): { from: number; length: number } {
  let best = { from: 0, length: 0 }
  let from = 0
  for (const [at, group] of groups.entries()) {
    if (group !== 0) from = at + 1
    else if (at + 1 - from > best.length) best = { from, length: at + 1 - from }
  }
  return best
}

function maskBytes(prefix: number, length: number): number[] {
  return Array.from({ length }, (_, at) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - 8 * at))))
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The engine of the host has no btoa. */
function base64(bytes: readonly number[]): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.slice(at, at + 3)
    const group = (a << 16) | (b << 8) | c
    text += [18, 12, 6, 0].map((shift) => BASE64[(group >> shift) & 63]).join('')
  }
  const padding = (3 - (bytes.length % 3)) % 3
  return text.slice(0, text.length - padding) + '='.repeat(padding)
}
