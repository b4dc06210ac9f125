import { describe, expect, expectTypeOf, it } from 'vitest'
import { decisionOf } from '../mesh/decision.ts'
import { sidecarPod } from '../mesh/pods.fixture.ts'
import { iptablesProgram } from './iptables.ts'
import type { RuleSet } from './model.ts'
import { nftProgram } from './nft.ts'
import type { IptablesProgram, KernelProgram, NftProgram } from './program.ts'
import { sidecarRules } from './sidecar.ts'

const traffic = 'traffic.sidecar.istio.io/'
const tproxy = { 'sidecar.istio.io/interceptionMode': 'TPROXY' }

function rulesWith(
  annotations: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  addresses = ['10.0.0.2', 'fd00::2'],
): RuleSet {
  const decision = decisionOf(sidecarPod(annotations, env), {
    excludeNamespaces: [],
    podNamespace: 'istio-system',
  })
  if (decision.mode !== 'sidecar') throw new Error(`not redirected: ${JSON.stringify(decision)}`)
  return sidecarRules(decision.redirection, addresses)
}

const ipv4Lines = (rules: RuleSet) => iptablesProgram(rules).restore.ipv4?.split('\n') ?? []
const ipv6Lines = (rules: RuleSet) => iptablesProgram(rules).restore.ipv6?.split('\n') ?? []
const nftLines = (rules: RuleSet) =>
  nftProgram(rules)
    .nft.split('\n')
    .map((line) => line.trim())
const linesAbout = (text: string, lines: readonly string[]) => lines.filter((line) => line.includes(text))

describe('sidecarRules', () => {
  it('redirect nothing that comes in when every inbound port is excluded', () => {
    const all = rulesWith({ [`${traffic}excludeInboundPorts`]: '*' })
    expect(all).toEqual(rulesWith({ [`${traffic}includeInboundPorts`]: '' }))
    expect(linesAbout('PREROUTING', ipv4Lines(all))).toEqual([])
  })

  it('ignore excluded inbound ports when only some are included', () => {
    const rules = rulesWith({
      [`${traffic}includeInboundPorts`]: '80',
      [`${traffic}excludeInboundPorts`]: '*',
    })
    expect(linesAbout('-A ISTIO_INBOUND', ipv4Lines(rules))).toEqual([
      '-A ISTIO_INBOUND -p tcp -m tcp --dport 15008 -j RETURN',
      '-A ISTIO_INBOUND -p tcp -m tcp --dport 80 -j ISTIO_IN_REDIRECT',
    ])
  })

  it('redirect TCP to every address when every outbound port is included', () => {
    const rules = rulesWith({
      [`${traffic}includeOutboundPorts`]: '*',
      [`${traffic}includeOutboundIPRanges`]: '',
    })
    expect(linesAbout('-j ISTIO_REDIRECT', ipv4Lines(rules))).toEqual([
      '-A ISTIO_OUTPUT -p tcp -j ISTIO_REDIRECT',
    ])
    expect(linesAbout('jump istio-redirect', nftLines(rules))).toEqual([
      'meta l4proto tcp counter jump istio-redirect',
    ])
  })

  it('redirect nothing that goes out when every outbound port is excluded', () => {
    const rules = rulesWith({ [`${traffic}excludeOutboundPorts`]: '*' })
    expect(linesAbout('-A ISTIO_OUTPUT', ipv4Lines(rules)).slice(0, 2)).toEqual([
      '-A ISTIO_OUTPUT -p tcp -j RETURN',
      '-A ISTIO_OUTPUT -p udp -j RETURN',
    ])
  })

  it('print each address in its own family only', () => {
    const rules = rulesWith(
      { [`${traffic}excludeOutboundIPRanges`]: 'fd00::/8,10.0.0.0/8' },
      { ISTIO_DUAL_STACK: 'true' },
    )
    expect(linesAbout('10.0.0.0/8', ipv4Lines(rules))).toHaveLength(1)
    expect(linesAbout('fd00::/8', ipv4Lines(rules))).toEqual([])
    expect(linesAbout('10.0.0.0/8', ipv6Lines(rules))).toEqual([])
    expect(linesAbout('/8 counter return', nftLines(rules))).toEqual([
      'ip daddr 10.0.0.0/8 counter return',
      'ip6 daddr fd00::/8 counter return',
    ])
  })

  it('leave IPv6 ranges out of the rules of a pod without IPv6', () => {
    const rules = rulesWith({ [`${traffic}includeOutboundIPRanges`]: '10.0.0.0/8,fd00::/8' }, {}, [
      '10.0.0.2',
    ])
    expect(iptablesProgram(rules).restore).not.toHaveProperty('ipv6')
    expect(nftProgram(rules).nft).not.toContain('ip6')
  })

  it('see through every loopback connection when a loopback range is to be redirected', () => {
    const rules = rulesWith({ [`${traffic}includeOutboundIPRanges`]: '127.0.0.0/8' })
    expect(linesAbout('! --uid-owner', ipv4Lines(rules))).toEqual([])
  })

  it('put the rules of guests before all others, the last named first', () => {
    const rules = rulesWith(
      {
        'istio.io/reroute-virtual-interfaces': 'veth1,veth2',
        [`${traffic}includeOutboundIPRanges`]: 'fd00::/8,10.0.0.0/8',
        [`${traffic}excludeInterfaces`]: 'net1',
      },
      { ISTIO_DUAL_STACK: 'true' },
    )
    expect(linesAbout('iifname', nftLines(rules))).toEqual([
      'iifname "veth2" ip6 daddr fd00::/8 counter jump istio-redirect',
      'iifname "veth1" ip6 daddr fd00::/8 counter jump istio-redirect',
      'iifname "veth2" ip daddr 10.0.0.0/8 counter jump istio-redirect',
      'iifname "veth1" ip daddr 10.0.0.0/8 counter jump istio-redirect',
      'iifname "veth2" counter return',
      'iifname "veth1" counter return',
      'iifname "net1" counter return',
    ])
  })

  it('hand only the included ports to the proxy in TPROXY mode', () => {
    const rules = rulesWith({ ...tproxy, [`${traffic}includeInboundPorts`]: '80' }, {}, ['10.0.0.2'])
    expect(linesAbout('80', linesAbout('istio-', nftLines(rules)))).toEqual(
      [
        'meta l4proto tcp tcp dport 15008 counter return',
        'meta l4proto tcp ct state established,related tcp dport 80 counter jump istio-divert',
        'meta l4proto tcp tcp dport 80 counter jump istio-tproxy',
      ].filter((line) => line.includes(' 80 ')),
    )
    expect(linesAbout('--dport 80', ipv4Lines(rules))).toEqual([
      '-A ISTIO_INBOUND -p tcp -m tcp --dport 80 -m conntrack --ctstate RELATED,ESTABLISHED -j ISTIO_DIVERT',
      '-A ISTIO_INBOUND -p tcp -m tcp --dport 80 -j ISTIO_TPROXY',
    ])
  })

  it('leave an excluded interface alone in table mangle too in TPROXY mode', () => {
    const annotations = { [`${traffic}excludeInterfaces`]: 'net1' }
    expect(linesAbout('net1', ipv4Lines(rulesWith(annotations)))).toHaveLength(2)
    expect(linesAbout('net1', ipv4Lines(rulesWith({ ...annotations, ...tproxy })))).toHaveLength(4)
  })

  it('need routes for the mark only if TPROXY captures something', () => {
    expect(rulesWith(tproxy, { ISTIO_DUAL_STACK: 'true' }).system).toEqual({
      policyRoutes: [
        { family: 4, mark: 0x539, table: 133 },
        { family: 6, mark: 0x539, table: 133 },
      ],
      loopbackAddresses: ['::6/128'],
    })
    expect(rulesWith({ ...tproxy, [`${traffic}includeInboundPorts`]: '' }).system.policyRoutes).toEqual([])
    expect(rulesWith({}).system).toEqual({ policyRoutes: [], loopbackAddresses: [] })
  })

  it('jump only to chains that have rules', () => {
    for (const annotations of [tproxy, { ...tproxy, [`${traffic}includeInboundPorts`]: '' }, {}]) {
      const { chains } = rulesWith(annotations, { ISTIO_META_DNS_CAPTURE: 'true', INVALID_DROP: 'true' })
      const existing = chains.map(({ table, name }) => `${table} ${name}`)
      const targets = chains.flatMap(({ table, rows }) =>
        rows.flatMap(({ verdict }) =>
          typeof verdict === 'object' && 'jump' in verdict ? [`${table} ${verdict.jump}`] : [],
        ),
      )
      expect(existing).toEqual(expect.arrayContaining(targets))
    }
  })

  it('name the nftables tables that are ours', () => {
    expect(nftProgram(rulesWith(tproxy, { ISTIO_META_DNS_CAPTURE: 'true' })).tables).toEqual([
      'inet istio-proxy-nat',
      'inet istio-proxy-mangle',
      'inet istio-proxy-raw',
    ])
    expect(nftProgram(rulesWith({})).tables).toEqual(['inet istio-proxy-nat'])
  })

  it('declare our iptables chains only, and only in tables that are used', () => {
    const lines = ipv4Lines(rulesWith({}))
    expect(linesAbout('*', lines)).toEqual(['*nat'])
    expect(lines.filter((line) => line.startsWith(':'))).toEqual([
      ':ISTIO_INBOUND - [0:0]',
      ':ISTIO_REDIRECT - [0:0]',
      ':ISTIO_IN_REDIRECT - [0:0]',
      ':ISTIO_OUTPUT - [0:0]',
    ])
  })

  it('become programs of exact types', () => {
    expectTypeOf(nftProgram).returns.toEqualTypeOf<NftProgram>()
    expectTypeOf(iptablesProgram).returns.toEqualTypeOf<IptablesProgram>()
    expectTypeOf<KernelProgram['backend']>().toEqualTypeOf<'nft' | 'iptables'>()
    expectTypeOf<IptablesProgram['restore']['ipv4']>().toEqualTypeOf<string | undefined>()
  })
})
