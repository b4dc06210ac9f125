const octet = /^(0|[1-9]\d{0,2})$/
const group = /^[0-9a-fA-F]{1,4}$/

/** An IPv4 or IPv6 address without a zone. Not node:net's, because the plugin runs without Node. */
export const isIpAddress = (text: string): boolean => isIpv4(text) || isIpv6(text)

function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => octet.test(part) && Number(part) < 256)
}

function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (text.length > 45 || !text.includes(':') || halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = text.endsWith('::') ? undefined : groups.at(-1)
  const endsInIpv4 = last?.includes('.') === true
  if (endsInIpv4 && !isIpv4(groups.pop() ?? '')) return false
  const count = groups.length + (endsInIpv4 ? 2 : 0)
  return groups.every((part) => group.test(part)) && (halves.length === 2 ? count < 8 : count === 8)
}
