import { describe, expect, it } from 'vitest'
import { kubeconfigPaths, nodeName } from './node-paths.ts'
import { defaultSettings } from './settings/table.ts'

describe('kubeconfigPaths', () => {
  it('writes through the mount and names the file as the node sees it', () => {
    expect(kubeconfigPaths({ ...defaultSettings(), cniNetDir: '/nets', kubecfgFileName: 'kube' })).toEqual({
      written: '/host/etc/cni/net.d/kube',
      onNode: '/nets/kube',
    })
  })

  it("uses the original's place in the run dir when asked to", () => {
    const path = '/var/run/istio-cni/istio-cni-kubeconfig'
    expect(kubeconfigPaths({ ...defaultSettings(), kubeconfigInRunDir: true })).toEqual({
      written: path,
      onNode: path,
    })
  })

  it('gives none when the node is to hold no credentials', () => {
    expect(kubeconfigPaths({ ...defaultSettings(), hostCredentials: false })).toBeUndefined()
  })
})

describe('nodeName', () => {
  it('prefers NODE_NAME, and takes the name that the repair is told where no other is', () => {
    const repairNodeName = 'c'
    expect(nodeName({ nodeName: 'a', kubernetesNodeName: 'b', repairNodeName })).toBe('a')
    expect(nodeName({ nodeName: '', kubernetesNodeName: 'b', repairNodeName })).toBe('b')
    expect(nodeName({ nodeName: '', kubernetesNodeName: '', repairNodeName })).toBe('c')
  })
})
