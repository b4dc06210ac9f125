import { ANNOTATION, PORT, PROXY_ENV } from '@istio-install-cni/config-schema'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import { inRuleOrder, loopback, passthrough } from './addresses.ts'
import type { Match, Row } from './model.ts'
import { portsToMatch } from './ports.ts'
import { jump, only, reason, row } from './row.ts'

/** Which connections out of the pod the proxy takes. */
export function outbound(redirection: SidecarRedirection): readonly Row[] {
  const { includeRanges, excludeRanges, includePorts, excludePorts } = redirection.outbound
  return [
    ...portsToMatch(excludePorts).flatMap((port) => [
      row(
        { protocol: 'tcp', ...port },
        'return',
        `the port is left alone (${ANNOTATION.excludeOutboundPorts})`,
      ),
      row(
        { protocol: 'udp', ...port },
        'return',
        `the port is left alone (${ANNOTATION.excludeOutboundPorts})`,
      ),
    ]),
    row({ out: 'lo', from: passthrough }, 'return', reason.delivers),
    ...proxyAndSelf(redirection),
    ...only(
      redirection.dnsCapture,
      row({}, jump('istio-output-dns'), `the proxy answers DNS queries (${PROXY_ENV.dnsCapture})`),
    ),
    row({ to: loopback }, 'return', 'whoever talks to localhost means localhost'),
    ...inRuleOrder(excludeRanges).map((to) =>
      row({ to }, 'return', `the addresses are left alone (${ANNOTATION.excludeOutboundIpRanges})`),
    ),
    ...portsToMatch(includePorts).map((port) =>
      row(
        { protocol: 'tcp', ...port },
        jump('istio-redirect'),
        `the proxy takes connections to the port (${ANNOTATION.includeOutboundPorts})`,
      ),
    ),
    ...(includeRanges === 'all' ? [{}] : inRuleOrder(includeRanges).map((to) => ({ to }))).map((to) =>
      row(
        to,
        jump('istio-redirect'),
        `the proxy takes what goes out (${ANNOTATION.includeOutboundIpRanges})`,
      ),
    ),
  ]
}

/** The proxy is recognised by its user and again by its group. */
function proxyAndSelf({ proxyUid, proxyGid, dnsCapture, outbound }: SidecarRedirection): readonly Row[] {
  const wantsLoopback =
    outbound.includeRanges !== 'all' && outbound.includeRanges.some((range) => range.isLoopback)
  // A DNS server on localhost is asked over TCP too, which DNS capture wants to see.
  const exceptDns: Match = dnsCapture ? { protocol: 'tcp', notToPorts: [PORT.dns] } : {}
  return [
    // What the proxy's DNS server asks over TCP must not come in as the application's traffic.
    { isProxy: { user: proxyUid }, isOther: { notUser: proxyUid }, except: dnsCapture ? [PORT.dns] : [] },
    { isProxy: { group: proxyGid }, isOther: { notGroup: proxyGid }, except: [] },
  ].flatMap(({ isProxy, isOther, except }) => [
    row(
      { out: 'lo', protocol: 'tcp', notTo: loopback, notToPorts: [...except, PORT.hbone], ...isProxy },
      jump('istio-in-redirect'),
      'the application called its own service: what the proxy sends to the pod itself comes in',
    ),
    ...only(
      !wantsLoopback,
      row({ out: 'lo', ...exceptDns, ...isOther }, 'return', 'the application talks to itself'),
    ),
    row(isProxy, 'return', 'the proxy talks to others: redirected again it would call itself for ever'),
  ])
}

/** Queries, which the proxy answers itself. */
export const dns: readonly Row[] = [
  row(
    { protocol: 'tcp', toPort: PORT.dns },
    { redirectTo: PORT.dnsProxy },
    'the proxy answers DNS over TCP here',
  ),
  row({ protocol: 'udp', toPort: PORT.dns }, { redirectTo: PORT.dnsProxy }, 'the proxy answers DNS here'),
]
