/**
 * Which back-ends work on this machine, found by using them: each feature that a redirection needs is loaded into
 * an empty namespace.
 *
 * Which iptables, in this order:
 * 1. `FORCE_IPTABLES_BINARY`, whatever the test says.
 * 2. The variant that lacks fewer features. A variant without redirection itself cannot be chosen. (The original
 *    probes one table with a rule that matches nothing and learns about the rest when a pod starts.)
 * 3. If both are equal: legacy only where the node's own rules are in legacy alone, because there the original's
 *    agent chooses legacy too and a pod that it has configured is then recognised instead of replaced; else nft.
 *
 * The answer is found once and is the same for every pod, ADD and CHECK alike; the original decides again in the
 * plugin, with the node's tools, and in the agent, with the image's.
 */
import type { XtablesVariant } from './xtables.ts'

export type Feature = Readonly<{
  name: string
  /** Without it nothing can be redirected; the others are needed by some pods. */
  required: boolean
  nft: string
  iptables: string
}>

const nftChain = (type: string, hook: string, priority: string, ...rules: string[]) =>
  [
    'table inet istio-probe {',
    'chain probe {',
    `type ${type} hook ${hook} priority ${priority};`,
    ...rules,
    '}',
    '}',
  ].join('\n')

const iptablesRule = (table: string, rule: string) => `*${table}\n-A ${rule}\nCOMMIT\n`

/** What the rule model uses, one row for each kernel feature. Ports and ids only have to be valid here. */
export const features: readonly Feature[] = [
  {
    name: 'nat REDIRECT',
    required: true,
    nft: nftChain('nat', 'prerouting', '-100', 'meta l4proto tcp counter redirect to :1'),
    iptables: iptablesRule('nat', 'PREROUTING -p tcp -j REDIRECT --to-ports 1'),
  },
  {
    name: 'owner match',
    required: true,
    nft: nftChain('nat', 'output', '-100', 'oifname "lo" meta skuid 1 meta skgid 1 counter return'),
    iptables: iptablesRule('nat', 'OUTPUT -o lo -m owner --uid-owner 1 --gid-owner 1 -j RETURN'),
  },
  {
    name: 'multiport match (DNS capture)',
    required: false,
    nft: nftChain('nat', 'output', '-100', 'tcp dport != { 1, 2 } counter return'),
    iptables: iptablesRule('nat', 'OUTPUT -p tcp -m multiport ! --dports 1,2 -j RETURN'),
  },
  {
    name: 'conntrack zones (DNS capture)',
    required: false,
    nft: nftChain('filter', 'output', '-300', 'udp dport 1 counter ct zone set 1'),
    iptables: iptablesRule('raw', 'OUTPUT -p udp -m udp --dport 1 -j CT --zone 1'),
  },
  {
    name: 'conntrack state (TPROXY, INVALID_DROP)',
    required: false,
    nft: nftChain('filter', 'prerouting', '-150', 'ct state invalid counter drop'),
    iptables: iptablesRule('mangle', 'PREROUTING -m conntrack --ctstate INVALID -j DROP'),
  },
  {
    name: 'packet and connection marks (TPROXY)',
    required: false,
    nft: nftChain(
      'route',
      'output',
      '-150',
      'meta mark 1 ct mark set meta mark',
      'ct mark 1 meta mark set ct mark',
    ),
    iptables:
      '*mangle\n-A PREROUTING -m mark --mark 1 -j CONNMARK --save-mark\n' +
      '-A OUTPUT -m connmark --mark 1 -j CONNMARK --restore-mark\n-A OUTPUT -j MARK --set-mark 1\nCOMMIT\n',
  },
  {
    name: 'TPROXY',
    required: false,
    nft: nftChain('filter', 'prerouting', '-150', 'meta l4proto tcp tproxy ip to :1 accept'),
    iptables: iptablesRule('mangle', 'PREROUTING -p tcp -j TPROXY --on-port 1 --tproxy-mark 1/1'),
  },
]

/** A feature that a back-end lacks, and the kernel's or the tool's words. */
export type Lack = Readonly<{ feature: string; required: boolean; why: string }>

export type BackendFindings = Readonly<{
  nft: readonly Lack[]
  iptables: Readonly<Record<XtablesVariant, Readonly<{ ipv4: readonly Lack[]; ipv6: readonly Lack[] }>>>
  /** Which variants hold rules in the agent's own namespace, normally the node's. */
  nodeRules: Readonly<Record<XtablesVariant, boolean>>
}>

export type Backends = Readonly<{
  /** The variant for IPv4; undefined when neither can redirect. */
  iptables: XtablesVariant | undefined
  /** The same variant when it can redirect IPv6, else undefined. */
  ip6tables: XtablesVariant | undefined
  /** Whether native nftables can redirect. */
  nft: boolean
  /** Why, for the log and the status page: the choice and every feature that is missing. */
  reasons: readonly string[]
}>

const canRedirect = (lacks: readonly Lack[]) => lacks.every(({ required }) => !required)

export function chooseBackends(findings: BackendFindings, forced: XtablesVariant | undefined): Backends {
  const { nft, legacy } = findings.iptables
  const [iptables, why] = chooseVariant(findings, forced)
  return {
    iptables,
    ip6tables: iptables && canRedirect(findings.iptables[iptables].ipv6) ? iptables : undefined,
    nft: canRedirect(findings.nft),
    reasons: [
      why,
      ...explained('native nftables', findings.nft),
      ...explained('iptables (nft)', nft.ipv4),
      ...explained('ip6tables (nft)', nft.ipv6),
      ...explained('iptables (legacy)', legacy.ipv4),
      ...explained('ip6tables (legacy)', legacy.ipv6),
    ],
  }
}

function chooseVariant(
  { iptables: { nft, legacy }, nodeRules }: BackendFindings,
  forced: XtablesVariant | undefined,
): [XtablesVariant | undefined, string] {
  if (forced) return [forced, `iptables: ${forced}, as FORCE_IPTABLES_BINARY says`]
  const nftWorks = canRedirect(nft.ipv4)
  const legacyWorks = canRedirect(legacy.ipv4)
  if (!nftWorks && !legacyWorks) return [undefined, 'iptables: none, neither variant can redirect']
  if (!nftWorks) return ['legacy', 'iptables: legacy, the only variant that can redirect']
  if (!legacyWorks) return ['nft', 'iptables: nft, the only variant that can redirect']
  const nftLacks = nft.ipv4.length + nft.ipv6.length
  const legacyLacks = legacy.ipv4.length + legacy.ipv6.length
  if (legacyLacks < nftLacks)
    return ['legacy', 'iptables: legacy, which lacks fewer kernel features than nft']
  if (nftLacks === legacyLacks && nodeRules.legacy && !nodeRules.nft) {
    return ['legacy', "iptables: legacy, because the node's own rules are in legacy alone"]
  }
  return ['nft', 'iptables: nft']
}

function explained(backend: string, lacks: readonly Lack[]): string[] {
  // One missing program makes every feature fail with the same words.
  const byWords = Map.groupBy(lacks, ({ why }) => why)
  return [...byWords].map(
    ([why, same]) => `${backend} lacks ${same.map(({ feature }) => feature).join(', ')}: ${why}`,
  )
}
