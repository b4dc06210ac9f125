import type { PlatformName } from '@istio-install-cni/config-schema'

/** Where Kubernetes runs, for the prop `platform`: the directories and rights that differ there. */
export const Platform = {
  AKS: 'aks',
  BOTTLEROCKET: 'bottlerocket',
  /** Nodes of Google's Container-Optimized OS outside of GKE. */
  COS: 'cos',
  EKS: 'eks',
  GKE: 'gke',
  K0S: 'k0s',
  K3D: 'k3d',
  K3S: 'k3s',
  KIND: 'kind',
  MICROK8S: 'microk8s',
  MINIKUBE: 'minikube',
  OPENSHIFT: 'openshift',
  RKE2: 'rke2',
  TALOS: 'talos',
} as const satisfies Readonly<Record<Uppercase<PlatformName>, PlatformName>>

export type Platform = PlatformName
