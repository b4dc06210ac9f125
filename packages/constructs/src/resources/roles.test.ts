import type { ValuesInput } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { ambientClusterRole, clusterRole, repairClusterRole } from './cluster-role.ts'
import { rendered } from './rendered.fixture.ts'
import type { Resource } from './resource.ts'
import { role } from './role.ts'

interface Rule {
  readonly resources: string[]
  readonly resourceNames?: string[]
  readonly verbs: string[]
}

/** `pods: get list watch`, one a rule. */
const rights = (resource: Resource, values: ValuesInput) =>
  rendered<{ rules: Rule[] }>(resource, values)?.rules.map(
    ({ resources, resourceNames, verbs }) =>
      `${[...resources, ...(resourceNames ?? [])].join(' ')}: ${verbs.join(' ')}`,
  )

describe('the rights of the agent', () => {
  it('in the whole cluster are to follow pods, to write events, and to look at its node', () => {
    const always = ['pods: get list watch', 'events: create patch', 'nodes: get']
    expect(rights(clusterRole(), {})).toEqual(always)
    expect(rights(clusterRole(), { ambient: { enabled: true } })).toEqual(always)
    expect(rights(clusterRole(), { platform: 'openshift' })).toContain(
      'securitycontextconstraints privileged: use',
    )
  })

  it('of ambient mode are to follow namespaces and to annotate pods', () => {
    expect(rights(ambientClusterRole(), {})).toBeUndefined()
    expect(rights(ambientClusterRole(), { ambient: { enabled: true } })).toEqual([
      'pods/status: patch',
      'namespaces: get list watch',
    ])
  })

  it('of repair are what the first of its ways takes', () => {
    const base = ['events: create patch', 'pods: watch get list']
    const ways = { repairPods: true, deletePods: true, labelPods: true }
    expect(rights(repairClusterRole(), { repair: { enabled: false } })).toBeUndefined()
    expect(rights(repairClusterRole(), { repair: ways })).toEqual(base)
    expect(rights(repairClusterRole(), { repair: { ...ways, repairPods: false } })).toEqual([
      ...base,
      'pods: delete',
    ])
    expect(rights(repairClusterRole(), { repair: { repairPods: false, labelPods: true } })).toEqual([
      ...base,
      'pods/status: patch update',
    ])
  })

  it('in its own namespace are to look at its DaemonSet, and to get a token where the node gets one', () => {
    const always = ['daemonsets istio-cni-node: get']
    expect(rights(role(), {})).toEqual([...always, 'serviceaccounts/token istio-cni: create'])
    expect(rights(role(), { hostCredentials: false })).toEqual(always)
    expect(rights(role(), { hostTokenSeconds: 0 })).toEqual(always)
  })

  it('are cut as the installation is', () => {
    const scopes = (resource: Resource) =>
      (['all', 'cluster', 'namespace'] as const).filter(
        (resourceScope) => rendered(resource, { global: { resourceScope } }) !== undefined,
      )
    expect(scopes(clusterRole())).toEqual(['all', 'cluster'])
    expect(scopes(role())).toEqual(['all', 'namespace'])
  })
})
