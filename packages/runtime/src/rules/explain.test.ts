import { describe, expect, it } from 'vitest'
import { explain } from './explain.ts'
import type { Match, RuleSet, Verdict } from './model.ts'

const ruleSet = (match: Match, verdict: Verdict = 'return'): RuleSet => ({
  mode: 'sidecar',
  families: [4, 6],
  chains: [{ table: 'nat', name: 'istio-output', rows: [{ match, verdict, because: 'it is so' }] }],
  system: { policyRoutes: [], loopbackAddresses: [] },
})

/** The cells of the only row. */
const cells = (rules: RuleSet) => explain(rules).split('\n')[3]?.split(/ {2,}/)

describe('explain', () => {
  it('aligns its columns', () => {
    expect(explain(ruleSet({ protocol: 'udp' }, { jump: 'istio-output-dns' }))).toBe(
      [
        'Programmed for IPv4 and IPv6.',
        '',
        'TABLE  CHAIN         PACKETS  VERDICT                 BECAUSE',
        'nat    istio-output  UDP      go to istio-output-dns  it is so',
        '',
      ].join('\n'),
    )
  })

  it.each<[Match, string]>([
    [{}, 'anything'],
    [{ in: 'eth0', from: { ipv4: '10.0.0.0/8' } }, 'in by eth0 from 10.0.0.0/8'],
    [{ out: 'lo', notTo: { ipv4: '127.0.0.1/32', ipv6: '::1/128' } }, 'out by lo not to 127.0.0.1 or ::1'],
    [
      { protocol: 'tcp', to: { ipv6: 'fd00::/8' }, fromPort: 1, toPort: 2 },
      'TCP to fd00::/8 from port 1 to port 2',
    ],
    [{ notToPorts: [53, 15008], user: 7 }, 'not to port 53 or 15008 of user 7'],
    [{ connection: 'known', mark: 0x539, group: 8 }, 'of a known connection marked 0x539 of group 8'],
    [
      { connection: 'invalid', notMark: 0x53a, notUser: 7 },
      'of no valid connection not marked 0x53a not of user 7',
    ],
    [{ connectionMark: 0x539, notGroup: 8 }, 'of a connection marked 0x539 not of group 8'],
  ])('says %j in words', (match, words) => {
    expect(cells(ruleSet(match))).toEqual(['nat', 'istio-output', words, 'return', 'it is so'])
  })

  it.each<[Verdict, string]>([
    ['drop', 'drop'],
    ['save mark', 'mark the connection like the packet'],
    ['restore mark', 'mark the packet like its connection'],
    [{ redirectTo: 15001 }, 'redirect to port 15001'],
    [{ tproxyTo: 15006, mark: 0x539 }, 'hand to port 15006, mark 0x539'],
    [{ mark: 0x53a }, 'mark 0x53a'],
    [{ conntrackZone: 2 }, 'track in zone 2'],
  ])('says verdict %j in words', (verdict, words) => {
    expect(cells(ruleSet({}, verdict))?.[3]).toBe(words)
  })

  it('ends with what is needed besides rules', () => {
    const system = {
      policyRoutes: [{ family: 4, mark: 0x539, table: 133 }],
      loopbackAddresses: ['::6/128'],
    } as const
    expect(explain({ ...ruleSet({}), system })).toMatch(
      /\n\nIPv4 packets marked 0x539 are routed by table 133, .*\n\nInterface lo also has the address ::6\/128\.\n$/,
    )
  })
})
