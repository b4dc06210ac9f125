import { MARK, PORT, PROXY_ENV } from '@istio-install-cni/config-schema'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import { loopback } from './addresses.ts'
import type { Chain, ChainName, Family, Row } from './model.ts'
import { capturedPorts } from './ports.ts'
import { jump, only, reason, row } from './row.ts'
import { tproxyInbound } from './tproxy-inbound.ts'

/** Table mangle: TPROXY mode, in which the proxy sees the client's address, and dropping of invalid packets. */
export function mangleChains(redirection: SidecarRedirection, families: readonly Family[]): readonly Chain[] {
  const chain = (name: ChainName, rows: readonly Row[]): Chain => ({ table: 'mangle', name, rows })
  const { mode, invalidDrop, inbound } = redirection
  const isTproxy = mode === 'TPROXY'
  const isCapturing = isTproxy && capturedPorts(inbound) !== undefined
  const excluded = isTproxy ? redirection.excludeInterfaces : []
  return [
    chain('prerouting', [
      ...excluded.map((name) => row({ in: name }, 'return', reason.interfaceLeftAlone)),
      ...only(invalidDrop, invalid),
      ...only(isCapturing, row({ protocol: 'tcp' }, jump('istio-inbound'), reason.maybeInbound)),
      ...only(
        isTproxy,
        row(
          { protocol: 'tcp', mark: MARK.proxy },
          'save mark',
          "the proxy calls its application with the client's address",
        ),
      ),
    ]),
    chain('output', [
      ...excluded.map((name) => row({ out: name }, 'return', reason.interfaceLeftAlone)),
      ...only(isTproxy, ...answers(redirection)),
    ]),
    chain('istio-divert', only(isCapturing, ...divert)),
    chain('istio-tproxy', only(isCapturing, tproxy)),
    chain('istio-inbound', only(isTproxy, ...tproxyInbound(inbound, families))),
    chain('istio-drop', only(invalidDrop, row({}, 'drop', 'the sender sends again what was lost'))),
  ]
}

const invalid = row(
  { connection: 'invalid' },
  jump('istio-drop'),
  `a packet of no connection would make the pod reset one (${PROXY_ENV.invalidDrop})`,
  { nft: { also: { protocol: 'tcp' } } },
)

const answers = ({ proxyUid, proxyGid }: SidecarRedirection): readonly Row[] => [
  row({ out: 'lo', protocol: 'tcp', mark: MARK.proxy }, 'return', `${reason.delivers}: it is marked already`),
  ...[{ user: proxyUid }, { group: proxyGid }].map((isProxy) =>
    row(
      { out: 'lo', protocol: 'tcp', notTo: loopback, ...isProxy },
      { mark: MARK.proxyOutbound },
      'the application called its own service: what the proxy sends to the pod itself comes in',
    ),
  ),
  row(
    { protocol: 'tcp', connectionMark: MARK.proxy },
    'restore mark',
    'the application answers a client: the route for the mark leads to the proxy',
  ),
]

const divert: readonly Row[] = [
  row({}, { mark: MARK.proxy }, 'the route for the mark leads to the proxy'),
  row({}, 'accept', 'nothing else is to be decided'),
]

const tproxy = row(
  { protocol: 'tcp', notTo: loopback },
  { tproxyTo: PORT.inbound, mark: MARK.proxy },
  'the proxy takes inbound connections here, addresses unchanged',
)
