import type { Addresses, ChainName, Family, Row, TableName, Verdict } from './model.ts'
import { hex, type Spellings, spelled } from './spelling.ts'

/** One row as a person reads it. */
export type RowInWords = Readonly<{
  table: TableName
  chain: ChainName
  match: string
  verdict: string
  because: string
}>

export const rowInWords = (
  table: TableName,
  chain: ChainName,
  row: Row,
  families: readonly Family[],
): RowInWords => ({
  table,
  chain,
  match: spelled(row.match, spellingsFor(families), undefined).join(' ') || 'anything',
  verdict: verdictInWords(row.verdict),
  because: row.because,
})

function spellingsFor(families: readonly Family[]): Spellings {
  const address = ({ ipv4, ipv6 }: Addresses) =>
    [...(families.includes(4) ? [ipv4] : []), ...(families.includes(6) ? [ipv6] : [])]
      .flatMap((text) => (text === undefined ? [] : [text.replace(/^(.*\..*)\/32$|^(.*:.*)\/128$/, '$1$2')]))
      .join(' or ')
  return {
    protocol: (name) => name.toUpperCase(),
    in: (name) => `in by ${name}`,
    out: (name) => `out by ${name}`,
    notOut: (name) => `not out by ${name}`,
    from: (addresses) => `from ${address(addresses)}`,
    to: (addresses) => `to ${address(addresses)}`,
    notTo: (addresses) => `not to ${address(addresses)}`,
    fromPort: (port) => `from port ${port}`,
    toPort: (port) => `to port ${port}`,
    notToPorts: (ports) => `not to port ${ports.join(' or ')}`,
    connection: (state) => (state === 'known' ? 'of a known connection' : 'of no valid connection'),
    mark: (mark) => `marked ${hex(mark)}`,
    notMark: (mark) => `not marked ${hex(mark)}`,
    connectionMark: (mark) => `of a connection marked ${hex(mark)}`,
    user: (id) => `of user ${id}`,
    notUser: (id) => `not of user ${id}`,
    group: (id) => `of group ${id}`,
    notGroup: (id) => `not of group ${id}`,
  }
}

function verdictInWords(verdict: Verdict): string {
  if (verdict === 'save mark') return 'mark the connection like the packet'
  if (verdict === 'restore mark') return 'mark the packet like its connection'
  if (typeof verdict === 'string') return verdict
  if ('jump' in verdict) return `go to ${verdict.jump}`
  if ('redirectTo' in verdict) return `redirect to port ${verdict.redirectTo}`
  if ('conntrackZone' in verdict) return `track in zone ${verdict.conntrackZone}`
  if ('tproxyTo' in verdict) return `hand to port ${verdict.tproxyTo}, mark ${hex(verdict.mark)}`
  if ('setConnectionMark' in verdict) return `mark the connection ${hex(verdict.setConnectionMark)}`
  return `mark ${hex(verdict.mark)}`
}
