import { PORT } from '@istio-install-cni/config-schema'
import type { AmbientRedirection } from '../mesh/ambient-redirection.ts'
import { ambientChains, ofConnection, ofZtunnel } from './ambient-chains.ts'
import type { Chain } from './model.ts'
import { row } from './row.ts'

/**
 * Tables mangle and raw. ztunnel calls the application with the client's address, so that the answer would leave
 * the pod: the connection's mark leads it back. ztunnel's own DNS queries can have the addresses and ports of the
 * application's: connection tracking keeps them in a zone of their own.
 */
export const ambientMarkChains = ({ dnsCapture }: AmbientRedirection): readonly Chain[] => [
  ...ambientChains('mangle', {
    prerouting: [
      row(
        { mark: ofZtunnel },
        { setConnectionMark: ofConnection },
        "ztunnel calls the application with the client's address",
      ),
    ],
    output: [
      row(
        { connectionMark: ofConnection },
        'restore mark',
        'the application answers a client: the route for the mark leads to ztunnel',
      ),
    ],
  }),
  ...(dnsCapture
    ? ambientChains('raw', {
        prerouting: [
          row(
            { protocol: 'udp', fromPort: PORT.dns, notMark: ofZtunnel },
            { conntrackZone: 1 },
            'a DNS server answers ztunnel',
            { iptables: { hasMarkBeforePort: true } },
          ),
        ],
        output: [
          row(
            { protocol: 'udp', toPort: PORT.dns, mark: ofZtunnel },
            { conntrackZone: 1 },
            'ztunnel asks a DNS server',
            { iptables: { hasMarkBeforePort: true } },
          ),
        ],
      })
    : []),
]
