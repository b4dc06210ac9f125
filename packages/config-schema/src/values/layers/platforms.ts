import type { Layer } from './layer.ts'

/** Where a distribution of Kubernetes differs from containerd's own directories. */
export const platforms = {
  gke: { cniBinDir: '/home/kubernetes/bin', resourceQuotas: { enabled: true } },
  openshift: {
    cniBinDir: '/var/lib/cni/bin',
    cniConfDir: '/etc/cni/multus/net.d',
    chained: false,
    cniConfFileName: 'istio-cni.conf',
    provider: 'multus',
    seLinuxOptions: { type: 'spc_t' },
  },
  k3s: {
    cniBinDir: '/var/lib/rancher/k3s/data/cni',
    cniConfDir: '/var/lib/rancher/k3s/agent/etc/cni/net.d',
  },
  k3d: { cniBinDir: '/bin', cniConfDir: '/var/lib/rancher/k3s/agent/etc/cni/net.d' },
  microk8s: {
    cniBinDir: '/var/snap/microk8s/current/opt/cni/bin',
    cniConfDir: '/var/snap/microk8s/current/args/cni-network',
  },
  minikube: { cniNetnsDir: '/var/run/docker/netns' },
  kind: {},
  eks: {},
  aks: {},
  k0s: {},
  rke2: {},
  talos: {},
  bottlerocket: {},
  cos: { cniBinDir: '/home/kubernetes/bin' },
} as const satisfies Readonly<Record<string, Layer>>

export type PlatformName = keyof typeof platforms
