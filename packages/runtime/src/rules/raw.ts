import { PORT } from '@istio-install-cni/config-schema'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import type { Chain, ChainName, Match, Row } from './model.ts'

/**
 * Table raw: with DNS capture two connections can have the same addresses and ports, the application's to the
 * proxy and the proxy's to the real server. Each gets a zone of connection tracking of its own.
 */
export function rawChains({ dnsCapture, proxyUid, proxyGid }: SidecarRedirection): readonly Chain[] {
  if (!dnsCapture) return []
  const chain = (name: ChainName, rows: readonly Row[]): Chain => ({ table: 'raw', name, rows })
  return [
    chain('prerouting', [
      { match: {}, verdict: { jump: 'istio-inbound' }, because: 'answers of DNS servers come in' },
    ]),
    chain('output', [
      {
        match: {},
        verdict: { jump: 'istio-output-dns' },
        because: 'DNS queries and the answers of the proxy go out',
      },
    ]),
    chain('istio-inbound', [
      {
        match: { protocol: 'udp', fromPort: PORT.dns },
        verdict: { conntrackZone: 1 },
        because: 'a DNS server answers the proxy',
      },
    ]),
    chain('istio-output-dns', [
      ...fromProxy({ user: proxyUid }),
      ...fromProxy({ group: proxyGid }),
      {
        match: { protocol: 'udp', toPort: PORT.dns },
        verdict: { conntrackZone: 2 },
        because: 'the application asks',
      },
    ]),
  ]
}

const fromProxy = (isProxy: Match): readonly Row[] => [
  {
    match: { protocol: 'udp', toPort: PORT.dns, ...isProxy },
    verdict: { conntrackZone: 1 },
    because: 'the proxy asks a DNS server',
  },
  {
    match: { protocol: 'udp', fromPort: PORT.dnsProxy, ...isProxy },
    verdict: { conntrackZone: 2 },
    because: 'the proxy answers the application',
  },
]
