import { HOST_PROBE_ADDRESS } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import type { AmbientRedirection } from '../mesh/ambient-redirection.ts'
import { ambientRules } from './ambient.ts'
import { explain } from './explain.ts'
import { iptablesProgram } from './iptables.ts'
import { nftProgram } from './nft.ts'

const usual: AmbientRedirection = {
  dnsCapture: true,
  bypassInbound: false,
  rerouteInterfaces: [],
  ipv6: true,
  probeAddress: HOST_PROBE_ADDRESS,
}

describe('ambientRules', () => {
  it('have nothing of IPv6 where that is switched off', () => {
    const rules = ambientRules({ ...usual, ipv6: false })
    expect(iptablesProgram(rules).restore).not.toHaveProperty('ipv6')
    expect(nftProgram(rules).nft).not.toContain('ip6')
    expect(rules.system.policyRoutes.map(({ family }) => family)).toEqual([4])
  })

  it('are in tables of their own, of which raw is there for DNS alone', () => {
    expect(nftProgram(ambientRules(usual)).tables).toEqual([
      'inet istio-ambient-nat',
      'inet istio-ambient-mangle',
      'inet istio-ambient-raw',
    ])
    const { chains } = ambientRules({ ...usual, dnsCapture: false })
    expect(chains.map(({ table }) => table)).not.toContain('raw')
    expect(JSON.stringify(chains)).not.toContain('15053')
  })

  it('keep the chain for inbound traffic, empty, when that is left alone', () => {
    const rules = ambientRules({ ...usual, bypassInbound: true })
    expect(iptablesProgram(rules).restore.ipv4).toContain(':ISTIO_PRERT - [0:0]')
    expect(iptablesProgram(rules).restore.ipv4).not.toContain('15006')
    expect(nftProgram(rules).nft).toContain('chain istio-prerouting {\n\t}')
  })

  it('let each guest interface out in the order given', () => {
    const { nft } = nftProgram(ambientRules({ ...usual, rerouteInterfaces: ['tap0', 'tap1'] }))
    expect(nft.match(/iifname .*/g)).toEqual([
      'iifname "tap0" meta l4proto tcp counter redirect to :15001',
      'iifname "tap0" meta l4proto tcp counter return',
      'iifname "tap1" meta l4proto tcp counter redirect to :15001',
      'iifname "tap1" meta l4proto tcp counter return',
    ])
  })

  it('say in words which bits of marks count', () => {
    const words = explain(ambientRules(usual))
    expect(words).toMatch(/UDP not out by lo to port 53 not marked 0x539\/0xfff +redirect to port 15053/)
    expect(words).toMatch(/marked 0x539\/0xfff +mark the connection 0x111\/0xfff/)
    expect(words).toMatch(/IPv6 packets marked 0x111\/0xfff are routed by table 100/)
  })
})
