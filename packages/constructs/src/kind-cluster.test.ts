import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { KindCluster } from './kind-cluster.ts'

const read = (cluster: KindCluster) => parse(cluster.toYaml()) as Record<string, unknown>

describe('a cluster of kind', () => {
  it('has a control plane and a worker, and nothing that kind would refuse', () => {
    expect(read(new KindCluster())).toEqual({
      kind: 'Cluster',
      apiVersion: 'kind.x-k8s.io/v1alpha4',
      nodes: [{ role: 'control-plane' }, { role: 'worker' }],
    })
  })

  it('gives image and mounts to all nodes', () => {
    const node = {
      image: 'kindest/node:v1.34.0',
      extraMounts: [{ hostPath: '/srv', containerPath: '/srv', readOnly: true }],
    }
    const { image: nodeImage, extraMounts } = node
    const cluster = new KindCluster({ name: 'mesh', workers: 2, nodeImage, extraMounts })
    // Aliases would be right, but hard to read.
    expect(cluster.toYaml()).not.toMatch(/[&*]/)
    expect(read(cluster)).toMatchObject({
      name: 'mesh',
      nodes: [
        { role: 'control-plane', ...node },
        { role: 'worker', ...node },
        { role: 'worker', ...node },
      ],
    })
  })

  it("starts its workers with Istio's taint, and leaves the control plane its own", () => {
    const { nodes } = read(new KindCluster({ startupTaint: true })) as {
      nodes: { kubeadmConfigPatches?: string[] }[]
    }
    expect(nodes[0]).toEqual({ role: 'control-plane' })
    expect(parse(nodes[1]?.kubeadmConfigPatches?.[0] ?? '')).toEqual({
      kind: 'JoinConfiguration',
      nodeRegistration: { taints: [{ key: 'cni.istio.io/not-ready', effect: 'NoSchedule' }] },
    })
  })

  it('names everything that is wrong', () => {
    const extraMounts = [{ hostPath: '', containerPath: 'srv' }]
    expect(() => new KindCluster({ name: 'My Mesh', workers: -1, extraMounts })).toThrow(
      /^KindCluster: props .*\n {2}name="My Mesh": .*\n {2}workers=-1: .*\n {2}extraMounts\[0\].hostPath="": .*\n {2}extraMounts\[0\].containerPath="srv": /,
    )
    expect(() => new KindCluster({ name: '-mesh' })).toThrow(/name="-mesh"/)
  })
})
