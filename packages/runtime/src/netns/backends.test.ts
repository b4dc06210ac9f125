import { describe, expect, it } from 'vitest'
import { type BackendFindings, chooseBackends, features, type Lack } from './backends.ts'

const lack = (name: string, why = 'No such file or directory'): Lack => {
  const feature = features.find((row) => row.name.startsWith(name))
  if (!feature) throw new Error(`no feature ${name}`)
  return { feature: feature.name, required: feature.required, why }
}

type Given = {
  nft?: Lack[]
  iptablesNft?: Lack[]
  ip6tablesNft?: Lack[]
  legacy?: Lack[]
  nodeRules?: BackendFindings['nodeRules']
}

const found = (given: Given): BackendFindings => ({
  nft: given.nft ?? [],
  iptables: {
    nft: { ipv4: given.iptablesNft ?? [], ipv6: given.ip6tablesNft ?? [] },
    legacy: { ipv4: given.legacy ?? [], ipv6: given.legacy ?? [] },
  },
  nodeRules: given.nodeRules ?? { nft: false, legacy: false },
})

describe('the choice of iptables', () => {
  it('is nft where both work alike', () => {
    expect(chooseBackends(found({}), undefined)).toEqual({
      iptables: 'nft',
      ip6tables: 'nft',
      nft: true,
      reasons: ['iptables: nft'],
    })
  })

  it('follows the node only where its rules are in legacy alone', () => {
    const legacyNode = { nft: false, legacy: true }
    expect(chooseBackends(found({ nodeRules: legacyNode }), undefined).iptables).toBe('legacy')
    expect(chooseBackends(found({ nodeRules: { nft: true, legacy: true } }), undefined).iptables).toBe('nft')
    const nodeButPoor = found({ nodeRules: legacyNode, legacy: [lack('TPROXY')] })
    expect(chooseBackends(nodeButPoor, undefined).iptables).toBe('nft')
  })

  it('is the one that can redirect, or that lacks less', () => {
    const noNat = [lack('nat')]
    expect(chooseBackends(found({ iptablesNft: noNat }), undefined).iptables).toBe('legacy')
    expect(
      chooseBackends(found({ legacy: noNat, nodeRules: { nft: false, legacy: true } }), undefined).iptables,
    ).toBe('nft')
    expect(chooseBackends(found({ iptablesNft: [lack('TPROXY')] }), undefined).iptables).toBe('legacy')
    const none = chooseBackends(found({ iptablesNft: noNat, legacy: noNat }), undefined)
    expect(none.iptables).toBeUndefined()
    expect(none.reasons[0]).toBe('iptables: none, neither variant can redirect')
  })

  it('is what was forced, and says what that lacks', () => {
    const forced = chooseBackends(found({ legacy: [lack('conntrack zones')] }), 'legacy')
    expect(forced.iptables).toBe('legacy')
    expect(forced.reasons).toContain(
      'iptables (legacy) lacks conntrack zones (DNS capture): No such file or directory',
    )
  })
})

describe('the other back-ends', () => {
  it('are without IPv6 where its redirection does not work', () => {
    expect(
      chooseBackends(found({ ip6tablesNft: [lack('TPROXY')], legacy: [lack('TPROXY')] }), undefined)
        .ip6tables,
    ).toBe('nft')
    const noIpv6 = found({ ip6tablesNft: [lack('nat')], legacy: [lack('nat')] })
    expect(chooseBackends(noIpv6, undefined)).toMatchObject({ iptables: 'nft', ip6tables: undefined })
  })

  it('are without native nftables when the library is missing, said once', () => {
    const nft = features.map(({ name }) => lack(name, 'libnftables cannot be loaded'))
    const chosen = chooseBackends(found({ nft }), undefined)
    expect(chosen.nft).toBe(false)
    expect(chosen.reasons.filter((reason) => reason.includes('libnftables cannot be loaded'))).toHaveLength(1)
  })
})
