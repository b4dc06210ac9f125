import { PORT } from '@istio-install-cni/config-schema'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import type { Chain, ChainName, Match, Row } from './model.ts'
import { jump, row } from './row.ts'

/**
 * Table raw: with DNS capture two connections can have the same addresses and ports, the application's to the
 * proxy and the proxy's to the real server. Each gets a zone of connection tracking of its own.
 */
export function rawChains({ dnsCapture, proxyUid, proxyGid }: SidecarRedirection): readonly Chain[] {
  if (!dnsCapture) return []
  const chain = (name: ChainName, rows: readonly Row[]): Chain => ({ table: 'raw', name, rows })
  return [
    chain('prerouting', [row({}, jump('istio-inbound'), 'DNS servers may answer')]),
    chain('output', [
      row({}, jump('istio-output-dns'), 'somebody may ask a DNS server, or the proxy may answer'),
    ]),
    chain('istio-inbound', [
      row({ protocol: 'udp', fromPort: PORT.dns }, { conntrackZone: 1 }, 'a DNS server answers the proxy'),
    ]),
    chain('istio-output-dns', [
      ...fromProxy({ user: proxyUid }),
      ...fromProxy({ group: proxyGid }),
      row({ protocol: 'udp', toPort: PORT.dns }, { conntrackZone: 2 }, 'the application asks'),
    ]),
  ]
}

const fromProxy = (isProxy: Match): readonly Row[] => [
  row({ protocol: 'udp', toPort: PORT.dns, ...isProxy }, { conntrackZone: 1 }, 'the proxy asks a DNS server'),
  row(
    { protocol: 'udp', fromPort: PORT.dnsProxy, ...isProxy },
    { conntrackZone: 2 },
    'the proxy answers the application',
  ),
]
