import { MARK } from '@istio-install-cni/config-schema'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import { passthroughIpv4, passthroughIpv6 } from './addresses.ts'
import type { Family, Row } from './model.ts'
import { capturedPorts } from './ports.ts'
import { jump, reason, row } from './row.ts'

/** Which connections into the pod the proxy takes in TPROXY mode. */
export function tproxyInbound(
  inbound: SidecarRedirection['inbound'],
  families: readonly Family[],
): readonly Row[] {
  const captured = capturedPorts(inbound)
  // The original inserts both families' rules at one index; what it inserts afterwards lands between them.
  const differences = families.includes(6) ? { nft: { later: 2 } } : {}
  return [
    row({ protocol: 'tcp', mark: MARK.proxy }, 'return', 'the packet has been to the proxy already'),
    row({ in: 'lo', protocol: 'tcp', from: passthroughIpv4 }, 'return', reason.delivers, differences),
    row({ in: 'lo', protocol: 'tcp', from: passthroughIpv6 }, 'return', reason.delivers),
    row(
      { in: 'lo', protocol: 'tcp', notMark: MARK.proxyOutbound },
      'return',
      'the application talks to itself',
    ),
    ...(captured?.except ?? []).map((toPort) =>
      row({ protocol: 'tcp', toPort }, 'return', reason.uncaptured),
    ),
    ...(captured?.ports ?? []).flatMap((port) => [
      row(
        { protocol: 'tcp', ...port, connection: 'known' },
        jump('istio-divert'),
        'the connection has its socket: the mark is enough',
      ),
      row({ protocol: 'tcp', ...port }, jump('istio-tproxy'), reason.captured),
    ]),
  ]
}
