import { ANNOTATION, PORT } from '@istio-install-cni/config-schema'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import { inRuleOrder } from './addresses.ts'
import type { Chain, ChainName, Row } from './model.ts'
import { dns, outbound } from './nat-outbound.ts'
import { capturedPorts } from './ports.ts'
import { jump, only, reason, row } from './row.ts'

/** Table nat: what goes out, and in REDIRECT mode what comes in, is sent to the proxy's ports. */
export function natChains(redirection: SidecarRedirection): readonly Chain[] {
  const chain = (name: ChainName, rows: readonly Row[]): Chain => ({ table: 'nat', name, rows })
  const captured = redirection.mode === 'REDIRECT' ? capturedPorts(redirection.inbound) : undefined
  return [
    chain('prerouting', [
      ...rerouted(redirection),
      ...redirection.excludeInterfaces.map((name) => row({ in: name }, 'return', reason.interfaceLeftAlone)),
      ...only(captured !== undefined, row({ protocol: 'tcp' }, jump('istio-inbound'), reason.maybeInbound)),
    ]),
    chain('output', [
      ...redirection.excludeInterfaces.map((name) => row({ out: name }, 'return', reason.interfaceLeftAlone)),
      row({}, jump('istio-output'), 'connections that go out may be for the proxy'),
    ]),
    chain('istio-inbound', [
      row({ protocol: 'tcp', toPort: PORT.hbone }, 'return', 'the proxy itself listens on the tunnel port'),
      ...(captured?.except ?? []).map((toPort) =>
        row({ protocol: 'tcp', toPort }, 'return', reason.uncaptured),
      ),
      ...(captured?.ports ?? []).map((port) =>
        row({ protocol: 'tcp', ...port }, jump('istio-in-redirect'), reason.captured),
      ),
    ]),
    chain('istio-redirect', [
      row({ protocol: 'tcp' }, { redirectTo: PORT.outbound }, 'the proxy takes outbound connections here'),
    ]),
    chain('istio-in-redirect', [
      row({ protocol: 'tcp' }, { redirectTo: PORT.inbound }, 'the proxy takes inbound connections here'),
    ]),
    chain('istio-output', outbound(redirection)),
    chain('istio-output-dns', redirection.dnsCapture ? dns : []),
  ]
}

/** Interfaces of guests. Each was inserted at the head of the chain: the last one comes first. */
function rerouted({ rerouteInterfaces, outbound: { includeRanges } }: SidecarRedirection): readonly Row[] {
  const interfaces = rerouteInterfaces.toReversed()
  const destinations =
    includeRanges === 'all'
      ? [{}]
      : inRuleOrder(includeRanges)
          .toReversed()
          .map((to) => ({ to }))
  const isOutbound = `what comes from a guest goes out (${ANNOTATION.rerouteVirtualInterfaces})`
  const isNotInbound = `what comes from a guest does not come in (${ANNOTATION.rerouteVirtualInterfaces})`
  return [
    ...destinations.flatMap((to) =>
      interfaces.map((name) => row({ in: name, ...to }, jump('istio-redirect'), isOutbound)),
    ),
    ...interfaces.map((name) => row({ in: name }, 'return', isNotInbound)),
  ]
}
