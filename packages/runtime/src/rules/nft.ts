import {
  type Addresses,
  addressesIn,
  addressOf,
  type Chain,
  existsIn,
  type Family,
  type Mark,
  type Row,
  type RuleSet,
  type TableName,
  type Verdict,
} from './model.ts'
import type { NftProgram } from './program.ts'
import { hex, type Spellings, spelled } from './spelling.ts'

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

/** The original's, which tell its tables from those of others. */
const prefixes = { sidecar: 'istio-proxy-', ambient: 'istio-ambient-' } as const

/** The rule set for nftables: one `inet` table for each table in use. */
export function nftProgram(ruleSet: RuleSet): NftProgram {
  const tables = tableNames.flatMap((table) => {
    const chains = ruleSet.chains.filter((chain) => chain.table === table)
    return chains.length === 0 ? [] : [{ name: `inet ${prefixes[ruleSet.mode]}${table}`, chains }]
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
    ...(ruleSet.isIpv6Optional && { isIpv6Optional: true }),
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
  return addressesIn(row) === undefined ? [undefined] : families.filter((family) => existsIn(row, family))
}

function ruleText({ match, verdict, nft }: Row, family: Family | undefined): string {
  const acting = actions(verdict, family)
  return [
    ...spelled({ ...match, ...nft?.also }, spellings, family, nft),
    ...(nft?.isUncounted ? acting.filter((word) => word !== 'counter') : acting),
  ].join(' ')
}

const spellings: Spellings = {
  in: (name) => `iifname "${name}"`,
  out: (name) => `oifname "${name}"`,
  notOut: (name) => `oifname != "${name}"`,
  protocol: (name) => `meta l4proto ${name}`,
  from: (addresses, { family }) => address('saddr', addresses, family),
  to: (addresses, { family }) => address('daddr', addresses, family),
  notTo: (addresses, { family }) => address('daddr !=', addresses, family),
  connection: (state) => `ct state ${state === 'known' ? 'established,related' : 'invalid'}`,
  fromPort: (port, { protocol }) => `${protocol} sport ${port}`,
  toPort: (port, { protocol }) => `${protocol} dport ${port}`,
  notToPorts: (ports, { protocol }) =>
    `${protocol} dport != ${ports.length === 1 ? ports[0] : `{ ${ports.join(', ')} }`}`,
  mark: (mark) => compared('meta mark', '==', mark),
  notMark: (mark) => compared('meta mark', '!=', mark),
  connectionMark: (mark) => compared('ct mark', '==', mark),
  user: (id) => `meta skuid ${id}`,
  notUser: (id) => `meta skuid != ${id}`,
  group: (id) => `meta skgid ${id}`,
  notGroup: (id) => `meta skgid != ${id}`,
}

const compared = (field: string, operator: '==' | '!=', mark: Mark): string => {
  if (typeof mark !== 'number') return `${field} & ${hex(mark.mask)} ${operator} ${hex(mark.value)}`
  return operator === '==' ? `${field} ${hex(mark)}` : `${field} != ${hex(mark)}`
}

const address = (field: string, addresses: Addresses, family: Family = 4): string =>
  `${ipName(family)} ${field} ${addressOf(addresses, family)}`

function actions(verdict: Verdict, family: Family | undefined): readonly string[] {
  if (verdict === 'save mark') return ['counter', 'ct mark set meta mark']
  if (verdict === 'restore mark') return ['counter', 'meta mark set ct mark']
  if (typeof verdict === 'string') return ['counter', verdict]
  if ('jump' in verdict) return ['counter', `jump ${verdict.jump}`]
  if ('redirectTo' in verdict) return ['counter', `redirect to :${verdict.redirectTo}`]
  if ('conntrackZone' in verdict) return ['counter', `ct zone set ${verdict.conntrackZone}`]
  if ('setConnectionMark' in verdict) {
    const { value, mask } = verdict.setConnectionMark
    return ['counter', `ct mark set ct mark & ${hex(~mask >>> 0)} | ${hex(value)}`]
  }
  const mark = `meta mark set ${hex(verdict.mark)}`
  if (!('tproxyTo' in verdict)) return ['counter', mark]
  return [`tproxy ${ipName(family ?? 4)} to :${verdict.tproxyTo}`, mark, 'counter', 'accept']
}

const ipName = (family: Family): string => (family === 4 ? 'ip' : 'ip6')
