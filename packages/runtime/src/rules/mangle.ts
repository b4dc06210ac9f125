import { ANNOTATION, MARK, PORT, PROXY_ENV } from '@istio-install-cni/config-schema'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import { loopback, passthroughIpv4, passthroughIpv6 } from './addresses.ts'
import type { Chain, ChainName, Family, Row } from './model.ts'
import { capturedPorts } from './ports.ts'

/** Table mangle: TPROXY mode, in which the proxy sees the client's address, and dropping of invalid packets. */
export function mangleChains(redirection: SidecarRedirection, families: readonly Family[]): readonly Chain[] {
  const chain = (name: ChainName, rows: readonly Row[]): Chain => ({ table: 'mangle', name, rows })
  const captured = redirection.mode === 'TPROXY' ? capturedPorts(redirection.inbound) : undefined
  return [
    chain('prerouting', prerouting(redirection)),
    chain('output', redirection.mode === 'TPROXY' ? output(redirection) : []),
    chain('istio-divert', captured === undefined ? [] : divert),
    chain('istio-tproxy', captured === undefined ? [] : tproxy),
    chain('istio-inbound', redirection.mode === 'TPROXY' ? inbound(redirection, families) : []),
    chain('istio-drop', redirection.invalidDrop ? drop : []),
  ]
}

function prerouting(redirection: SidecarRedirection): readonly Row[] {
  const { mode, inbound, invalidDrop } = redirection
  const isTproxy = mode === 'TPROXY'
  return [
    ...excludedInterfaces(redirection, 'in'),
    ...only(invalidDrop, {
      match: { connection: 'invalid' },
      verdict: { jump: 'istio-drop' },
      because: `what belongs to no connection would make the pod reset one (${PROXY_ENV.invalidDrop})`,
      nft: { also: { protocol: 'tcp' } },
    }),
    ...only(isTproxy && capturedPorts(inbound) !== undefined, {
      match: { protocol: 'tcp' },
      verdict: { jump: 'istio-inbound' },
      because: 'connections that come in may be for the proxy',
    }),
    ...only(isTproxy, {
      match: { protocol: 'tcp', mark: MARK.proxy },
      verdict: 'save mark',
      because:
        "the proxy's connection to its application has the client's address: its answers must find back",
    }),
  ]
}

function output(redirection: SidecarRedirection): readonly Row[] {
  const { proxyUid, proxyGid } = redirection
  return [
    ...excludedInterfaces(redirection, 'out'),
    {
      match: { out: 'lo', protocol: 'tcp', mark: MARK.proxy },
      verdict: 'return',
      because: 'the proxy delivers inbound traffic to its application: marked already',
    },
    ...[{ user: proxyUid }, { group: proxyGid }].map(
      (isProxy): Row => ({
        match: { out: 'lo', protocol: 'tcp', notTo: loopback, ...isProxy },
        verdict: { mark: MARK.proxyOutbound },
        because: 'the application calls its own service: it comes in again and is to be captured',
      }),
    ),
    {
      match: { protocol: 'tcp', connectionMark: MARK.proxy },
      verdict: 'restore mark',
      because: 'answers of the application go back to the proxy by the routing table for the mark',
    },
  ]
}

const excludedInterfaces = (
  { mode, excludeInterfaces }: SidecarRedirection,
  direction: 'in' | 'out',
): readonly Row[] =>
  (mode === 'TPROXY' ? excludeInterfaces : []).map((name) => ({
    match: { [direction]: name },
    verdict: 'return',
    because: `the interface is left alone (${ANNOTATION.excludeInterfaces})`,
  }))

function inbound(redirection: SidecarRedirection, families: readonly Family[]): readonly Row[] {
  const captured = capturedPorts(redirection.inbound)
  const delivered = 'the proxy delivers inbound traffic to its application'
  return [
    {
      match: { protocol: 'tcp', mark: MARK.proxy },
      verdict: 'return',
      because: 'the packet has been to the proxy already',
    },
    {
      match: { in: 'lo', protocol: 'tcp', from: passthroughIpv4 },
      verdict: 'return',
      because: delivered,
      // Of two rules inserted at the same index, the later one comes first.
      ...(families.includes(6) && { nft: { later: 2 } }),
    },
    { match: { in: 'lo', protocol: 'tcp', from: passthroughIpv6 }, verdict: 'return', because: delivered },
    {
      match: { in: 'lo', protocol: 'tcp', notMark: MARK.proxyOutbound },
      verdict: 'return',
      because: 'the application talks to itself by the pod address',
    },
    ...(captured?.except ?? []).map(
      (toPort): Row => ({
        match: { protocol: 'tcp', toPort },
        verdict: 'return',
        because: `the port is the proxy's own or is left alone (${ANNOTATION.excludeInboundPorts})`,
      }),
    ),
    ...(captured?.ports ?? []).flatMap((port): readonly Row[] => [
      {
        match: { protocol: 'tcp', ...port, connection: 'known' },
        verdict: { jump: 'istio-divert' },
        because: 'the connection has its socket already: only the mark is needed',
      },
      {
        match: { protocol: 'tcp', ...port },
        verdict: { jump: 'istio-tproxy' },
        because: `the proxy takes what comes in (${ANNOTATION.includeInboundPorts})`,
      },
    ]),
  ]
}

const divert: readonly Row[] = [
  {
    match: {},
    verdict: { mark: MARK.proxy },
    because: 'the routing table for the mark delivers to the proxy',
  },
  { match: {}, verdict: 'accept', because: 'nothing else is to be decided' },
]

const tproxy: readonly Row[] = [
  {
    match: { protocol: 'tcp', notTo: loopback },
    verdict: { tproxyTo: PORT.inbound, mark: MARK.proxy },
    because: 'the proxy takes inbound connections here, with the addresses unchanged',
  },
]

const drop: readonly Row[] = [{ match: {}, verdict: 'drop', because: 'the sender will send it again' }]

const only = (isWanted: boolean, row: Row): readonly Row[] => (isWanted ? [row] : [])
