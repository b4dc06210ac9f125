import { ANNOTATION } from '@istio-install-cni/config-schema'
import type { ChainName, Match, Row, Verdict } from './model.ts'

/** Packets that match have this verdict, because … */
export const row = (
  match: Match,
  verdict: Verdict,
  because: string,
  differences: Pick<Row, 'nft' | 'iptables'> = {},
): Row => ({ match, verdict, because, ...differences })

export const jump = (chain: ChainName): Verdict => ({ jump: chain })

/** The rows, if they are wanted. */
export const only = (areWanted: boolean, ...rows: readonly Row[]): readonly Row[] => (areWanted ? rows : [])

/** Reasons that rows of several tables share. */
export const reason = {
  maybeInbound: 'connections that come in may be for the proxy',
  captured: `the proxy takes what comes in (${ANNOTATION.includeInboundPorts})`,
  uncaptured: `the port is the proxy's own or is left alone (${ANNOTATION.excludeInboundPorts})`,
  interfaceLeftAlone: `the interface is left alone (${ANNOTATION.excludeInterfaces})`,
  delivers: 'the proxy delivers inbound traffic to its application',
} as const
