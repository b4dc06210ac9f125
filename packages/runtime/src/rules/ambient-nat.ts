import { ANNOTATION, PORT } from '@istio-install-cni/config-schema'
import type { AmbientRedirection } from '../mesh/ambient-redirection.ts'
import { loopback } from './addresses.ts'
import { ambientChains, ofConnection, ofZtunnel } from './ambient-chains.ts'
import type { Addresses, Chain, Row } from './model.ts'
import { only, row } from './row.ts'

/** Table nat: connections are sent to ztunnel's ports, unless they are its own. */
export const ambientNatChains = (redirection: AmbientRedirection): readonly Chain[] =>
  ambientChains('nat', { prerouting: inbound(redirection), output: outbound(redirection) })

function inbound({ rerouteInterfaces, bypassInbound, probeAddress }: AmbientRedirection): readonly Row[] {
  return [
    ...rerouteInterfaces.flatMap((name) => [
      row(
        { in: name, protocol: 'tcp' },
        { redirectTo: PORT.outbound },
        `what comes from a guest goes out (${ANNOTATION.rerouteVirtualInterfaces})`,
      ),
      row(
        { in: name, protocol: 'tcp' },
        'return',
        `what comes from a guest does not come in (${ANNOTATION.rerouteVirtualInterfaces})`,
      ),
    ]),
    ...only(
      !bypassInbound,
      row(
        { protocol: 'tcp', from: hosts(probeAddress) },
        'accept',
        "the kubelet's probes come from this address and have no place in the mesh",
        { iptables: { matchesProtocol: true } },
      ),
      row(
        { protocol: 'tcp', notTo: loopback, notToPorts: [PORT.hbone], notMark: ofZtunnel },
        { redirectTo: PORT.inbound },
        'ztunnel takes plain inbound connections here; to the tunnel port they come as they are',
      ),
    ),
  ]
}

function outbound({ dnsCapture, probeAddress }: AmbientRedirection): readonly Row[] {
  return [
    row(
      { protocol: 'tcp', to: hosts(probeAddress) },
      'accept',
      "the kubelet's probes are answered without the mesh",
      { iptables: { matchesProtocol: true } },
    ),
    ...only(dnsCapture, ...dns),
    row(
      { protocol: 'tcp', mark: ofConnection },
      'accept',
      "the application's answer to ztunnel is routed back to it by its mark",
    ),
    row({ out: 'lo', notTo: loopback }, 'accept', 'the application calls itself by an address of the pod'),
    row(
      { protocol: 'tcp', notTo: loopback, notMark: ofZtunnel },
      { redirectTo: PORT.outbound },
      'ztunnel takes outbound connections here',
    ),
  ]
}

const wants = `ztunnel answers DNS queries (${ANNOTATION.ambientDnsCapture})`

const dns: readonly Row[] = [
  row(
    { notOut: 'lo', protocol: 'udp', toPort: PORT.dns, notMark: ofZtunnel },
    { redirectTo: PORT.dnsProxy },
    wants,
    { nft: { hasMarkBeforePort: true }, iptables: { hasMarkBeforePort: true } },
  ),
  row(
    { protocol: 'tcp', notTo: loopback, toPort: PORT.dns, notMark: ofZtunnel },
    { redirectTo: PORT.dnsProxy },
    `${wants}, over TCP too`,
  ),
]

const hosts = ({ ipv4, ipv6 }: AmbientRedirection['probeAddress']): Addresses => ({
  ipv4: `${ipv4}/32`,
  ipv6: `${ipv6}/128`,
})
