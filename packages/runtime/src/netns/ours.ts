/**
 * What in a pod's network namespace belongs to Istio, by name alone: it decides what may be compared, replaced
 * and removed. Everything else in the namespace is foreign and is left as it is.
 */

/** The original's native nftables tables, cni/pkg and tools/istio-nftables: `inet istio-proxy-nat` and so on. */
const nftTablePrefix = 'inet istio-proxy-'
/** The original's iptables chains, tools/istio-iptables/pkg/constants: `ISTIO_INBOUND` and so on. */
const chainPrefix = 'ISTIO_'

/** The tables of both families in which iptables rules of ours can be. */
export const xtablesTables = ['raw', 'mangle', 'nat'] as const

export function isOurNftTable(familyAndName: string): boolean {
  return familyAndName.startsWith(nftTablePrefix)
}

export function isOurChain(name: string): boolean {
  return name.startsWith(chainPrefix)
}
