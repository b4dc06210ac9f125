import { describe, expect, it } from 'vitest'
import { branchRules, type HostRoute, type RoutingRule, ruleInWords } from './host-branch-rules.ts'

/** What the AWS plugin has for a pod with a branch interface, and for one without. */
const rules: readonly RoutingRule[] = [
  { family: 4, priority: 0, table: 255 },
  { family: 4, priority: 10, table: 101, from: 'vlan1' },
  { family: 4, priority: 10, table: 101, from: 'vlaneth1' },
  { family: 4, priority: 512, table: 254, to: '10.0.1.9' },
  { family: 4, priority: 32766, table: 254 },
]
const routes: readonly HostRoute[] = [
  { family: 4, table: 101, to: '10.0.1.5', device: 'vlaneth1' },
  { family: 4, table: 254, to: '10.0.1.9', device: 'enib' },
  { family: 6, table: 101, to: 'fd00::5', device: 'vlaneth1' },
]

describe('routing rules for pods with AWS branch interfaces', () => {
  it('bring probes to the veth and their answers to the node, before the AWS plugin’s rule', () => {
    expect(branchRules(['10.0.1.5'], rules, routes).map(ruleInWords)).toEqual([
      '512: from all to 10.0.1.5 lookup 101',
      '9: from all iif vlaneth1 lookup 255',
    ])
  })

  it('are not for other pods, nor without a rule for the veth in the same family', () => {
    expect(branchRules(['10.0.1.9', '10.9.9.9', 'fd00::5'], rules, routes)).toEqual([])
    expect(branchRules(['10.0.1.5'], rules.slice(0, 2), routes)).toEqual([])
    expect(branchRules(['10.0.1.5'], rules, [])).toEqual([])
  })

  it('have no priority below zero', () => {
    const first = [{ family: 4, priority: 0, table: 101, from: 'vlaneth1' }] as const
    expect(branchRules(['10.0.1.5'], first, routes)[1]).toMatchObject({ priority: 0 })
  })
})
