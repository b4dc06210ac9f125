import { HOST_PROBE_ADDRESS, PROBE_IP_SET } from '@istio-install-cni/config-schema'
import type { Family } from './model.ts'

/** A set of addresses in the node's namespace. */
export type HostSet = Readonly<{ name: string; family: Family }>

/** TCP packets of the node's own sockets to the set's addresses get this source address, because … */
export type HostRow = Readonly<{ to: HostSet; source: string; because: string }>

/** Everything in the node's namespace that ambient pods need, independent of the back-end. */
export type HostRules = Readonly<{ rows: readonly HostRow[]; kubeletUser: number }>

export type HostRulesOptions = Readonly<{
  /** HOST_PROBE_SNAT_IP and HOST_PROBE_SNAT_IPV6 */
  probeAddress?: Readonly<{ ipv4: string; ipv6: string }>
  /** AMBIENT_IPV6: without it nothing of IPv6 is touched. */
  ipv6: boolean
  /** The kubelet's user; nftables can tell the node's own packets by user alone. @default 0 */
  kubeletUser?: number
}>

/** What lets a pod tell the kubelet's probes, which pass its redirection, from all other traffic of the node. */
export function hostRules({
  probeAddress = HOST_PROBE_ADDRESS,
  ipv6,
  kubeletUser = 0,
}: HostRulesOptions): HostRules {
  const because = "the pod lets the kubelet's probes pass by this source address"
  return {
    kubeletUser,
    rows: [
      { to: probeSet(4), source: probeAddress.ipv4, because },
      ...(ipv6 ? [{ to: probeSet(6), source: probeAddress.ipv6, because }] : []),
    ],
  }
}

/** The addresses of all ambient pods of the node in one family. */
export const probeSet = (family: Family): HostSet => ({ name: `${PROBE_IP_SET}-v${family}`, family })
