/**
 * What in a pod's network namespace belongs to Istio, by name alone: it decides what may be compared, replaced
 * and removed. Everything else in the namespace is foreign and is left as it is.
 */

/** The original's native nftables tables, tools/istio-nftables and cni/pkg/nftables: `inet istio-proxy-nat` and so on. */
const nftTablePrefixes = ['inet istio-proxy-', 'inet istio-ambient-'] as const
/** The original's iptables chains, tools/istio-iptables and cni/pkg/iptables: `ISTIO_INBOUND` and so on. */
const chainPrefix = 'ISTIO_'

/** The tables of both families in which iptables rules of ours can be. */
export const xtablesTables = ['raw', 'mangle', 'nat'] as const

export function isOurNftTable(familyAndName: string): boolean {
  return nftTablePrefixes.some((prefix) => familyAndName.startsWith(prefix))
}

export function isOurChain(name: string): boolean {
  return name.startsWith(chainPrefix)
}
