/** The node's rules as each back-end takes them. */
import type { HostRow, HostRules, HostSet } from './host.ts'
import type { Family } from './model.ts'

/** What `netns/` applies, verifies and removes in the node's namespace. */
export type HostProgram = HostNftProgram | HostIptablesProgram

export type HostNftProgram = Readonly<{
  backend: 'nft'
  sets: readonly HostSet[]
  /** Wholly ours, as `"inet istio-ambient-nat"`. */
  table: string
  /** Text for libnftables; it expects the table with its sets and without chains. */
  nft: string
}>

export type HostIptablesProgram = Readonly<{
  backend: 'iptables'
  sets: readonly HostSet[]
  chains: readonly HostChain[]
}>

/** A chain of one family that is wholly ours, and the chain of others from which it is entered. */
export type HostChain = Readonly<{
  family: Family
  table: 'nat'
  name: string
  from: string
  /** As `iptables -S` lists them, without `-A CHAIN`. */
  rules: readonly string[]
}>

/** The original's, cni/pkg/nftables and cni/pkg/iptables: shared with it, so that either takes over from the other. */
export const hostNftTable = 'inet istio-ambient-nat'
export const hostChain = 'ISTIO_POSTRT'

export const hostProgram = (rules: HostRules, backend: HostProgram['backend']): HostProgram =>
  backend === 'nft' ? hostNftProgram(rules) : hostIptablesProgram(rules)

export function hostNftProgram({ rows, kubeletUser }: HostRules): HostNftProgram {
  const lines = rows.map((row) => `\t\t${nftLine(row, kubeletUser)}\n`)
  // The priority as a number: the name is newer than the oldest nft that we want to be read by.
  const chain = `\tchain postrouting {\n\t\ttype nat hook postrouting priority 100; policy accept;\n${lines.join('')}\t}\n`
  return {
    backend: 'nft',
    sets: rows.map(({ to }) => to),
    table: hostNftTable,
    nft: `table ${hostNftTable} {\n${chain}}\n`,
  }
}

export function hostIptablesProgram({ rows }: HostRules): HostIptablesProgram {
  return {
    backend: 'iptables',
    sets: rows.map(({ to }) => to),
    chains: rows.map((row) => ({
      family: row.to.family,
      table: 'nat',
      name: hostChain,
      from: 'POSTROUTING',
      rules: [iptablesLine(row)],
    })),
  }
}

function nftLine({ to: { name, family }, source }: HostRow, kubeletUser: number): string {
  const ip = family === 4 ? 'ip' : 'ip6'
  return `meta l4proto tcp meta skuid ${kubeletUser} ${ip} daddr @${name} counter snat ${ip} to ${source}`
}

function iptablesLine({ to: { name }, source }: HostRow): string {
  return `-p tcp -m owner --socket-exists -m set --match-set ${name} dst -j SNAT --to-source ${source}`
}

/** One row as a person reads it, and as each back-end has it. */
type HostRowInWords = Readonly<{
  packets: string
  verdict: string
  because: string
  nft: string
  iptables: string
}>

export const hostRowsInWords = ({ rows, kubeletUser }: HostRules): readonly HostRowInWords[] =>
  rows.map((row) => ({
    packets: `TCP from the kubelet to an address in set ${row.to.name}`,
    verdict: `source address ${row.source}`,
    because: row.because,
    nft: nftLine(row, kubeletUser),
    iptables: iptablesLine(row),
  }))
