import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { istioctlTree } from './istioctl.ts'

const tree = istioctlTree(new Map([['Chart.yaml', 'name: cni\n']]))
const profile = (name: string) => parse(String(tree.get(`profiles/${name}.yaml`)))

describe('istioctlTree', () => {
  it('has the chart where istioctl looks for the component, and a profile to lay every other one over', () => {
    expect(tree.get('charts/istio-cni/Chart.yaml')).toBe('name: cni\n')
    expect(profile('default')).toMatchObject({
      kind: 'IstioOperator',
      spec: { components: { cni: { enabled: true } } },
    })
  })

  it("names the installation, so that istioctl never prunes the objects of istiod's, which has no name", () => {
    expect(profile('default').metadata).toEqual({ name: 'istio-cni', namespace: 'istio-system' })
  })
})
