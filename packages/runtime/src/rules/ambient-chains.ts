import { MARK } from '@istio-install-cni/config-schema'
import type { Chain, MaskedMark, Row, TableName } from './model.ts'
import { jump, row } from './row.ts'

/** What ztunnel itself sends. */
export const ofZtunnel: MaskedMark = { value: MARK.proxy, mask: MARK.ambientMask }
/** Connections from ztunnel to the application. */
export const ofConnection: MaskedMark = { value: MARK.ambientConnection, mask: MARK.ambientMask }

/** Both chains are entered, and are there, even if they have no rows: the original's are. */
export const ambientChains = (
  table: TableName,
  { prerouting, output }: Readonly<{ prerouting: readonly Row[]; output: readonly Row[] }>,
): readonly Chain[] => [
  { table, name: 'prerouting', rows: [enter('istio-prerouting', 'what comes in may be for ztunnel')] },
  { table, name: 'output', rows: [enter('istio-output', 'what goes out may be for ztunnel')] },
  { table, name: 'istio-prerouting', rows: prerouting },
  { table, name: 'istio-output', rows: output },
]

const enter = (chain: 'istio-prerouting' | 'istio-output', because: string): Row =>
  row({}, jump(chain), because, { nft: { isUncounted: true } })
