import type { SystemChanges } from './program.ts'

/** Everything that redirects one pod, independent of the back-end: every rule is written once, as a row. */
export type RuleSet = Readonly<{
  /** Whose rules they are: nftables has tables of its own for each. */
  mode: 'sidecar' | 'ambient'
  /** The IP families that are programmed, in this order. */
  families: readonly Family[]
  /** In the order in which the tables and their chains are printed. */
  chains: readonly Chain[]
  system: SystemChanges
  /** In a namespace or kernel without IPv6 the rest is enough. */
  isIpv6Optional?: true
}>

export type Family = 4 | 6

export type TableName = 'nat' | 'mangle' | 'raw'

/**
 * nftables' names; those of iptables are the same in capitals with underscores, but for `ISTIO_PRERT`. The hooks
 * are the kernel's.
 */
export type ChainName =
  | 'prerouting'
  | 'output'
  | 'istio-prerouting'
  | 'istio-inbound'
  | 'istio-output'
  | 'istio-redirect'
  | 'istio-in-redirect'
  | 'istio-output-dns'
  | 'istio-divert'
  | 'istio-tproxy'
  | 'istio-drop'

/** One that is listed exists in the kernel, even without rows. */
export type Chain = Readonly<{ table: TableName; name: ChainName; rows: readonly Row[] }>

/** Packets that match have this verdict, because … (a clause for documentation, not for the kernel). */
export type Row = Readonly<{
  match: Match
  verdict: Verdict
  because: string
  /**
   * Where the original's two back-ends differ without an effect that anybody asked for, and pods that it
   * configured must be recognised all the same.
   */
  nft?: BackendDetails &
    Readonly<{
      /** A condition that only its nftables rule has. */
      also?: Match
      /** Its nftables rule stands so many rules further down; all that it passes have the same verdict. */
      later?: number
      /** Its nftables rule has no counter. */
      isUncounted?: true
    }>
  iptables?: BackendDetails &
    Readonly<{
      /** Its iptables rule has the match of its protocol although it names no port. */
      matchesProtocol?: true
    }>
}>

/** Named after what a listing shows. */
export type BackendDetails = Readonly<{ hasMarkBeforePort?: true }>

/** All conditions of one row must hold; none means every packet. */
export type Match = Readonly<{
  in?: string
  out?: string
  notOut?: string
  protocol?: 'tcp' | 'udp'
  from?: Addresses
  to?: Addresses
  notTo?: Addresses
  fromPort?: number
  toPort?: number
  notToPorts?: readonly number[]
  connection?: 'known' | 'invalid'
  mark?: Mark
  notMark?: Mark
  connectionMark?: Mark
  user?: number
  notUser?: number
  group?: number
  notGroup?: number
}>

/** The whole mark, or its bits in the mask. */
export type Mark = number | MaskedMark
export type MaskedMark = Readonly<{ value: number; mask: number }>

/** With prefix length. A row with addresses exists in the families for which it has one. */
export type Addresses = Readonly<{ ipv4?: string; ipv6?: string }>

export type Verdict =
  | 'return'
  | 'accept'
  | 'drop'
  | 'save mark'
  | 'restore mark'
  | Readonly<{ jump: ChainName }>
  | Readonly<{ redirectTo: number }>
  | Readonly<{ tproxyTo: number; mark: number }>
  | Readonly<{ mark: number }>
  | Readonly<{ setConnectionMark: MaskedMark }>
  | Readonly<{ conntrackZone: 1 | 2 }>

/** The addresses that the row needs in its family, if it exists there. */
export function addressesIn(row: Row): Addresses | undefined {
  return row.match.from ?? row.match.to ?? row.match.notTo
}

export function existsIn(row: Row, family: Family): boolean {
  const addresses = addressesIn(row)
  return addresses === undefined || addressOf(addresses, family) !== undefined
}

export const addressOf = ({ ipv4, ipv6 }: Addresses, family: Family): string | undefined =>
  family === 4 ? ipv4 : ipv6
