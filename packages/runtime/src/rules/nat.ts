import { ANNOTATION, PORT, PROXY_ENV } from '@istio-install-cni/config-schema'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import { inRuleOrder, loopback, passthrough } from './addresses.ts'
import type { Chain, ChainName, Match, Row } from './model.ts'
import { capturedPorts, portsToMatch } from './ports.ts'

const jump = (chain: ChainName) => ({ jump: chain }) as const

/** Table nat: what goes out, and in REDIRECT mode what comes in, is sent to the proxy's ports. */
export function natChains(redirection: SidecarRedirection): readonly Chain[] {
  const chain = (name: ChainName, rows: readonly Row[]): Chain => ({ table: 'nat', name, rows })
  return [
    chain('prerouting', prerouting(redirection)),
    chain('output', output(redirection)),
    chain('istio-inbound', inbound(redirection)),
    chain('istio-redirect', [
      {
        match: { protocol: 'tcp' },
        verdict: { redirectTo: PORT.outbound },
        because: 'the proxy takes outbound connections here',
      },
    ]),
    chain('istio-in-redirect', [
      {
        match: { protocol: 'tcp' },
        verdict: { redirectTo: PORT.inbound },
        because: 'the proxy takes inbound connections here',
      },
    ]),
    chain('istio-output', istioOutput(redirection)),
    chain('istio-output-dns', redirection.dnsCapture ? dns : []),
  ]
}

function prerouting(redirection: SidecarRedirection): readonly Row[] {
  const { includeRanges } = redirection.outbound
  // Each interface was inserted at the head: the last one comes first.
  const rerouted = redirection.rerouteInterfaces.toReversed()
  const ranges = includeRanges === 'all' ? [undefined] : inRuleOrder(includeRanges).toReversed()
  const isCapturing = redirection.mode === 'REDIRECT' && capturedPorts(redirection.inbound) !== undefined
  return [
    ...ranges.flatMap((to) =>
      rerouted.map(
        (name): Row => ({
          match: { in: name, ...(to && { to }) },
          verdict: jump('istio-redirect'),
          because: `what comes from this interface is outbound traffic of a guest (${ANNOTATION.rerouteVirtualInterfaces})`,
        }),
      ),
    ),
    ...rerouted.map(
      (name): Row => ({
        match: { in: name },
        verdict: 'return',
        because: `a guest's other traffic is not inbound traffic (${ANNOTATION.rerouteVirtualInterfaces})`,
      }),
    ),
    ...redirection.excludeInterfaces.map(
      (name): Row => ({
        match: { in: name },
        verdict: 'return',
        because: `the interface is left alone (${ANNOTATION.excludeInterfaces})`,
      }),
    ),
    ...only(isCapturing, {
      match: { protocol: 'tcp' },
      verdict: jump('istio-inbound'),
      because: 'connections that come in may be for the proxy',
    }),
  ]
}

const output = ({ excludeInterfaces }: SidecarRedirection): readonly Row[] => [
  ...excludeInterfaces.map(
    (name): Row => ({
      match: { out: name },
      verdict: 'return',
      because: `the interface is left alone (${ANNOTATION.excludeInterfaces})`,
    }),
  ),
  { match: {}, verdict: jump('istio-output'), because: 'connections that go out may be for the proxy' },
]

function inbound({ mode, inbound }: SidecarRedirection): readonly Row[] {
  const captured = mode === 'REDIRECT' ? capturedPorts(inbound) : undefined
  return [
    {
      match: { protocol: 'tcp', toPort: PORT.hbone },
      verdict: 'return',
      because: 'the proxy itself listens on the tunnel port',
    },
    ...(captured?.except ?? []).map(
      (toPort): Row => ({
        match: { protocol: 'tcp', toPort },
        verdict: 'return',
        because: `the port is the proxy's own or is left alone (${ANNOTATION.excludeInboundPorts})`,
      }),
    ),
    ...(captured?.ports ?? []).map(
      (port): Row => ({
        match: { protocol: 'tcp', ...port },
        verdict: jump('istio-in-redirect'),
        because: `the proxy takes what comes in (${ANNOTATION.includeInboundPorts})`,
      }),
    ),
  ]
}

function istioOutput(redirection: SidecarRedirection): readonly Row[] {
  const { proxyUid, proxyGid, dnsCapture, outbound } = redirection
  const { includeRanges } = outbound
  // DNS over TCP of the proxy's DNS server must not come back to the proxy.
  const ownPorts = dnsCapture ? [PORT.dns, PORT.hbone] : [PORT.hbone]
  return [
    ...portsToMatch(outbound.excludePorts).flatMap((port) =>
      (['tcp', 'udp'] as const).map(
        (protocol): Row => ({
          match: { protocol, ...port },
          verdict: 'return',
          because: `the port is left alone (${ANNOTATION.excludeOutboundPorts})`,
        }),
      ),
    ),
    {
      match: { out: 'lo', from: passthrough },
      verdict: 'return',
      because: 'the proxy delivers inbound traffic to its application',
    },
    ...ownTraffic(redirection, { user: proxyUid }, { notUser: proxyUid }, ownPorts),
    ...ownTraffic(redirection, { group: proxyGid }, { notGroup: proxyGid }, [PORT.hbone]),
    ...only(dnsCapture, {
      match: {},
      verdict: jump('istio-output-dns'),
      because: `the proxy answers DNS queries (${PROXY_ENV.dnsCapture})`,
    }),
    { match: { to: loopback }, verdict: 'return', because: 'whoever talks to localhost means localhost' },
    ...inRuleOrder(outbound.excludeRanges).map(
      (to): Row => ({
        match: { to },
        verdict: 'return',
        because: `the addresses are left alone (${ANNOTATION.excludeOutboundIpRanges})`,
      }),
    ),
    ...portsToMatch(outbound.includePorts).map(
      (port): Row => ({
        match: { protocol: 'tcp', ...port },
        verdict: jump('istio-redirect'),
        because: `the proxy takes connections to this port (${ANNOTATION.includeOutboundPorts})`,
      }),
    ),
    ...(includeRanges === 'all' ? [{}] : inRuleOrder(includeRanges).map((to) => ({ to }))).map(
      (match): Row => ({
        match,
        verdict: jump('istio-redirect'),
        because: `the proxy takes what goes out (${ANNOTATION.includeOutboundIpRanges})`,
      }),
    ),
  ]
}

/** The proxy's own traffic, recognised by its user and again by its group, must not go round in circles. */
function ownTraffic(
  { dnsCapture, outbound: { includeRanges } }: SidecarRedirection,
  isProxy: Match,
  isNotProxy: Match,
  notToPorts: readonly number[],
): readonly Row[] {
  const wantsLoopback = includeRanges !== 'all' && includeRanges.some(({ isLoopback }) => isLoopback)
  return [
    {
      match: { out: 'lo', protocol: 'tcp', notTo: loopback, notToPorts, ...isProxy },
      verdict: jump('istio-in-redirect'),
      because:
        'the application calls its own service: the proxy called it by the pod address, so it comes in again',
    },
    ...only(!wantsLoopback, {
      // A DNS server on localhost is asked over TCP too, which DNS capture wants to see.
      match: { out: 'lo', ...(dnsCapture && { protocol: 'tcp', notToPorts: [PORT.dns] }), ...isNotProxy },
      verdict: 'return',
      because: 'the application talks to itself',
    }),
    {
      match: isProxy,
      verdict: 'return',
      because: 'the proxy talks to others: redirected again it would call itself for ever',
    },
  ]
}

const dns: readonly Row[] = (['tcp', 'udp'] as const).map((protocol) => ({
  match: { protocol, toPort: PORT.dns },
  verdict: { redirectTo: PORT.dnsProxy },
  because: "the proxy's DNS server answers",
}))

const only = (isWanted: boolean, row: Row): readonly Row[] => (isWanted ? [row] : [])
