import {
  type Addresses,
  addressOf,
  type Chain,
  existsIn,
  type Family,
  type Match,
  type Row,
  type RuleSet,
  type TableName,
  type Verdict,
} from './model.ts'
import type { NftProgram } from './program.ts'

/** Priorities as numbers: the names are newer than the oldest nft that we want to be read by. */
const hooks: Readonly<Record<TableName, Readonly<Record<'prerouting' | 'output', string>>>> = {
  nat: { prerouting: 'type nat hook prerouting priority -100', output: 'type nat hook output priority -100' },
  mangle: {
    prerouting: 'type filter hook prerouting priority -150',
    output: 'type route hook output priority -150',
  },
  raw: {
    prerouting: 'type filter hook prerouting priority -300',
    output: 'type filter hook output priority -300',
  },
}

const tableNames = ['nat', 'mangle', 'raw'] as const

/** The rule set for nftables: one `inet` table for each table in use. */
export function nftProgram(ruleSet: RuleSet): NftProgram {
  const tables = tableNames.flatMap((table) => {
    const chains = ruleSet.chains.filter((chain) => chain.table === table)
    return chains.length === 0 ? [] : [{ name: `inet istio-proxy-${table}`, chains }]
  })
  return {
    backend: 'nft',
    nft: tables
      .map(({ name, chains }) =>
        block(
          `table ${name}`,
          chains.flatMap((chain) => chainLines(chain, ruleSet.families)),
        ),
      )
      .join(''),
    tables: tables.map(({ name }) => name),
    system: ruleSet.system,
  }
}

const block = (head: string, lines: readonly string[]): string =>
  `${head} {\n${lines.map((line) => `\t${line}\n`).join('')}}\n`

function chainLines({ table, name, rows }: Chain, families: readonly Family[]): readonly string[] {
  const hook = name === 'prerouting' || name === 'output' ? [`\t${hooks[table][name]}; policy accept;`] : []
  return [`chain ${name} {`, ...hook, ...rules(rows, families).map((rule) => `\t${rule}`), '}']
}

/** A row with addresses makes one rule for each family. */
function rules(rows: readonly Row[], families: readonly Family[]): readonly string[] {
  const printed = rows.flatMap((row) =>
    familiesOf(row, families).map((family) => ({ rule: ruleText(row, family), later: row.nft?.later ?? 0 })),
  )
  for (const moved of printed.filter(({ later }) => later > 0)) {
    const place = printed.indexOf(moved)
    printed.splice(place, 1)
    printed.splice(place + moved.later, 0, moved)
  }
  return printed.map(({ rule }) => rule)
}

function familiesOf(row: Row, families: readonly Family[]): readonly (Family | undefined)[] {
  const { from, to, notTo } = row.match
  return (from ?? to ?? notTo) === undefined
    ? [undefined]
    : families.filter((family) => existsIn(row, family))
}

function ruleText({ match, verdict, nft }: Row, family: Family | undefined): string {
  return [...conditions({ ...match, ...nft?.also }, family), ...actions(verdict, family)].join(' ')
}

function conditions(match: Match, family: Family | undefined): readonly string[] {
  const { protocol } = match
  return [
    told(match.in, (name) => `iifname "${name}"`),
    told(match.out, (name) => `oifname "${name}"`),
    told(protocol, (name) => `meta l4proto ${name}`),
    address('saddr', match.from, family),
    address('daddr', match.to, family),
    address('daddr !=', match.notTo, family),
    told(match.connection, (state) => `ct state ${state === 'known' ? 'established,related' : 'invalid'}`),
    told(match.fromPort, (port) => `${protocol} sport ${port}`),
    told(match.toPort, (port) => `${protocol} dport ${port}`),
    told(
      match.notToPorts,
      (ports) => `${protocol} dport != ${ports.length === 1 ? ports[0] : `{ ${ports.join(', ')} }`}`,
    ),
    told(match.mark, (mark) => `meta mark ${hex(mark)}`),
    told(match.notMark, (mark) => `meta mark != ${hex(mark)}`),
    told(match.connectionMark, (mark) => `ct mark ${hex(mark)}`),
    told(match.user, (id) => `meta skuid ${id}`),
    told(match.notUser, (id) => `meta skuid != ${id}`),
    told(match.group, (id) => `meta skgid ${id}`),
    told(match.notGroup, (id) => `meta skgid != ${id}`),
  ].flat()
}

const told = <T>(value: T | undefined, print: (value: T) => string): string[] =>
  value === undefined ? [] : [print(value)]

function address(field: string, addresses: Addresses | undefined, family: Family | undefined): string[] {
  if (addresses === undefined || family === undefined) return []
  return told(addressOf(addresses, family), (text) => `${ipName(family)} ${field} ${text}`)
}

function actions(verdict: Verdict, family: Family | undefined): readonly string[] {
  if (verdict === 'save mark') return ['counter', 'ct mark set meta mark']
  if (verdict === 'restore mark') return ['counter', 'meta mark set ct mark']
  if (typeof verdict === 'string') return ['counter', verdict]
  if ('jump' in verdict) return ['counter', `jump ${verdict.jump}`]
  if ('redirectTo' in verdict) return ['counter', `redirect to :${verdict.redirectTo}`]
  if ('conntrackZone' in verdict) return ['counter', `ct zone set ${verdict.conntrackZone}`]
  const mark = `meta mark set ${hex(verdict.mark)}`
  if (!('tproxyTo' in verdict)) return ['counter', mark]
  return [`tproxy ${ipName(family ?? 4)} to :${verdict.tproxyTo}`, mark, 'counter', 'accept']
}

const ipName = (family: Family): string => (family === 4 ? 'ip' : 'ip6')

const hex = (mark: number): string => `0x${mark.toString(16)}`
