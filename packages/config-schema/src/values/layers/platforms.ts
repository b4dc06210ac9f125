import type { Layer } from './layer.ts'

/** Containers that may change the node's files where SELinux is enforced. */
const unconfined = { type: 'spc_t' } as const

/** Where a distribution of Kubernetes differs from containerd's and Kubernetes' own defaults; each with its source. */
export const platforms = {
  // The node image's containerd template (Azure/AgentBaker, containerd_no_GPU.toml.gtpl) has the defaults.
  aks: {},
  // bottlerocket-core-kit, selinux-policy/subject.cil: spc_t is control_t, which may change /etc and /opt; directories are the defaults.
  bottlerocket: { seLinuxOptions: unconfined },
  // Container-Optimized OS: /opt is read-only, plugins are where Google's node setup has them (istio.io "GKE"; istio#53849).
  cos: { cniBinDir: '/home/kubernetes/bin' },
  // amazon-vpc-cni-k8s, README: /etc/cni/net.d and /opt/cni/bin.
  eks: {},
  // istio.io "Platform-specific prerequisites": critical pods need a quota outside of kube-system; the directory as for cos.
  gke: { cniBinDir: '/home/kubernetes/bin', resourceQuotas: { enabled: true } },
  // k0s docs "Runtime" and k0s#582: bundled containerd, its default directories.
  k0s: {},
  // The original's profile: k3s in containers, with the plugins of its image.
  k3d: { cniBinDir: '/bin', cniConfDir: '/var/lib/rancher/k3s/agent/etc/cni/net.d' },
  // docs.k3s.io "Multus and IPAM plugins": fixed path of the plugins since October 2024.
  k3s: {
    cniBinDir: '/var/lib/rancher/k3s/data/cni',
    cniConfDir: '/var/lib/rancher/k3s/agent/etc/cni/net.d',
  },
  // The hardened image's guide, "CI clusters": kind's node image has the defaults.
  kind: {},
  // istio.io "Platform-specific prerequisites".
  microk8s: {
    cniBinDir: '/var/snap/microk8s/current/opt/cni/bin',
    cniConfDir: '/var/snap/microk8s/current/args/cni-network',
  },
  // istio.io "Platform-specific prerequisites": with the Docker driver.
  minikube: { cniNetnsDir: '/var/run/docker/netns' },
  // The original's profile: Multus calls us, and the node's files have SELinux types of their own.
  openshift: {
    chained: false,
    cniBinDir: '/var/lib/cni/bin',
    cniConfDir: '/etc/cni/multus/net.d',
    cniConfFileName: 'istio-cni.conf',
    provider: 'multus',
    seLinuxOptions: unconfined,
  },
  // docs.rke2.io "Known issues": default directories; where SELinux is enforced an ordinary container is refused.
  rke2: { seLinuxOptions: unconfined },
  // talos.dev "Architecture" and talos discussion 7583: /etc/cni and /opt are writable overlays at the default places.
  talos: {},
} as const satisfies Readonly<Record<string, Layer>>

export type PlatformName = keyof typeof platforms
