import {
  type Addresses,
  addressOf,
  type ChainName,
  existsIn,
  type Family,
  type RuleSet,
  type TableName,
  type Verdict,
} from './model.ts'
import type { IptablesProgram } from './program.ts'
import { hex, type Spellings, spelled } from './spelling.ts'

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
    ...(ruleSet.isIpv6Optional && { isIpv6Optional: true }),
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
        .map(({ match, verdict, iptables }) =>
          [
            `-A ${chainText(name)}`,
            ...spelled(match, spellings, family, iptables),
            ...(iptables?.matchesProtocol ? [`-m ${match.protocol}`] : []),
            action(verdict, family),
          ].join(' '),
        ),
    ),
    'COMMIT',
  ]
  return `${lines.join('\n')}\n`
}

const chainText = (name: ChainName): string =>
  name === 'istio-prerouting' ? 'ISTIO_PRERT' : name.toUpperCase().replaceAll('-', '_')

/** In the order in which iptables-save lists them. */
const spellings: Spellings = {
  from: (addresses, { family }) => `-s ${address(addresses, family)}`,
  to: (addresses, { family }) => `-d ${address(addresses, family)}`,
  notTo: (addresses, { family }) => `! -d ${address(addresses, family)}`,
  in: (name) => `-i ${name}`,
  out: (name) => `-o ${name}`,
  notOut: (name) => `! -o ${name}`,
  protocol: (name) => `-p ${name}`,
  fromPort: (port, { protocol }) => `-m ${protocol} --sport ${port}`,
  toPort: (port, { protocol }) => `-m ${protocol} --dport ${port}`,
  notToPorts: (ports, { protocol }) =>
    ports.length === 1
      ? `-m ${protocol} ! --dport ${ports[0]}`
      : `-m multiport ! --dports ${ports.join(',')}`,
  connection: (state) => `-m conntrack --ctstate ${state === 'known' ? 'RELATED,ESTABLISHED' : 'INVALID'}`,
  mark: (mark) => `-m mark --mark ${hex(mark)}`,
  notMark: (mark) => `-m mark ! --mark ${hex(mark)}`,
  connectionMark: (mark) => `-m connmark --mark ${hex(mark)}`,
  user: (id) => `-m owner --uid-owner ${id}`,
  notUser: (id) => `-m owner ! --uid-owner ${id}`,
  group: (id) => `-m owner --gid-owner ${id}`,
  notGroup: (id) => `-m owner ! --gid-owner ${id}`,
}

const address = (addresses: Addresses, family: Family = 4): string => addressOf(addresses, family) ?? ''

const everyBit = '0xffffffff'

function action(verdict: Verdict, family: Family): string {
  if (verdict === 'save mark') return `-j CONNMARK --save-mark --nfmask ${everyBit} --ctmask ${everyBit}`
  if (verdict === 'restore mark')
    return `-j CONNMARK --restore-mark --nfmask ${everyBit} --ctmask ${everyBit}`
  if (typeof verdict === 'string') return `-j ${verdict.toUpperCase()}`
  if ('jump' in verdict) return `-j ${chainText(verdict.jump)}`
  if ('redirectTo' in verdict) return `-j REDIRECT --to-ports ${verdict.redirectTo}`
  if ('conntrackZone' in verdict) return `-j CT --zone ${verdict.conntrackZone}`
  if ('setConnectionMark' in verdict) return `-j CONNMARK --set-xmark ${hex(verdict.setConnectionMark)}`
  const mark = `${hex(verdict.mark)}/${everyBit}`
  if (!('tproxyTo' in verdict)) return `-j MARK --set-xmark ${mark}`
  return `-j TPROXY --on-port ${verdict.tproxyTo} --on-ip ${family === 4 ? '0.0.0.0' : '::'} --tproxy-mark ${mark}`
}
