import {
  type Addresses,
  addressOf,
  type ChainName,
  existsIn,
  type Family,
  type Match,
  type RuleSet,
  type TableName,
  type Verdict,
} from './model.ts'
import type { IptablesProgram } from './program.ts'

const tableNames = ['raw', 'mangle', 'nat'] as const

/** The rule set for iptables-restore and ip6tables-restore. */
export function iptablesProgram(ruleSet: RuleSet): IptablesProgram {
  const [ipv4, ipv6] = ([4, 6] as const).map((family) =>
    ruleSet.families.includes(family)
      ? tableNames.map((table) => tableText(ruleSet, table, family)).join('')
      : undefined,
  )
  return {
    backend: 'iptables',
    restore: { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) },
    system: ruleSet.system,
  }
}

function tableText({ chains }: RuleSet, table: TableName, family: Family): string {
  const ours = chains.filter((chain) => chain.table === table)
  if (ours.length === 0) return ''
  const lines = [
    `*${table}`,
    ...ours.filter(({ name }) => name.startsWith('istio-')).map(({ name }) => `:${chainText(name)} - [0:0]`),
    ...ours.flatMap(({ name, rows }) =>
      rows
        .filter((row) => existsIn(row, family))
        .map(({ match, verdict }) =>
          [`-A ${chainText(name)}`, ...conditions(match, family), actions(verdict, family)].join(' '),
        ),
    ),
    'COMMIT',
  ]
  return `${lines.join('\n')}\n`
}

const chainText = (name: ChainName): string => name.toUpperCase().replaceAll('-', '_')

/** In the order in which iptables-save lists them. */
function conditions(match: Match, family: Family): readonly string[] {
  const ports = match.notToPorts ?? []
  return [
    address('-s', match.from, family),
    address('-d', match.to, family),
    address('! -d', match.notTo, family),
    told(match.in, (name) => `-i ${name}`),
    told(match.out, (name) => `-o ${name}`),
    told(match.protocol, (name) => `-p ${name}`),
    told(match.fromPort, (port) => `-m ${match.protocol} --sport ${port}`),
    told(match.toPort, (port) => `-m ${match.protocol} --dport ${port}`),
    ports.length === 1 ? [`-m ${match.protocol} ! --dport ${ports[0]}`] : [],
    ports.length > 1 ? [`-m multiport ! --dports ${ports.join(',')}`] : [],
    told(
      match.connection,
      (state) => `-m conntrack --ctstate ${state === 'known' ? 'RELATED,ESTABLISHED' : 'INVALID'}`,
    ),
    told(match.mark, (mark) => `-m mark --mark ${hex(mark)}`),
    told(match.notMark, (mark) => `-m mark ! --mark ${hex(mark)}`),
    told(match.connectionMark, (mark) => `-m connmark --mark ${hex(mark)}`),
    told(match.user, (id) => `-m owner --uid-owner ${id}`),
    told(match.notUser, (id) => `-m owner ! --uid-owner ${id}`),
    told(match.group, (id) => `-m owner --gid-owner ${id}`),
    told(match.notGroup, (id) => `-m owner ! --gid-owner ${id}`),
  ].flat()
}

const told = <T>(value: T | undefined, print: (value: T) => string): string[] =>
  value === undefined ? [] : [print(value)]

const address = (option: string, addresses: Addresses | undefined, family: Family): string[] =>
  told(addresses && addressOf(addresses, family), (text) => `${option} ${text}`)

const everyBit = '0xffffffff'

function actions(verdict: Verdict, family: Family): string {
  if (verdict === 'save mark') return `-j CONNMARK --save-mark --nfmask ${everyBit} --ctmask ${everyBit}`
  if (verdict === 'restore mark')
    return `-j CONNMARK --restore-mark --nfmask ${everyBit} --ctmask ${everyBit}`
  if (typeof verdict === 'string') return `-j ${verdict.toUpperCase()}`
  if ('jump' in verdict) return `-j ${chainText(verdict.jump)}`
  if ('redirectTo' in verdict) return `-j REDIRECT --to-ports ${verdict.redirectTo}`
  if ('conntrackZone' in verdict) return `-j CT --zone ${verdict.conntrackZone}`
  const mark = `${hex(verdict.mark)}/${everyBit}`
  if (!('tproxyTo' in verdict)) return `-j MARK --set-xmark ${mark}`
  return `-j TPROXY --on-port ${verdict.tproxyTo} --on-ip ${family === 4 ? '0.0.0.0' : '::'} --tproxy-mark ${mark}`
}

const hex = (mark: number): string => `0x${mark.toString(16)}`
