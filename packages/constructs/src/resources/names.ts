import { DAEMONSET_NAME } from '@istio-install-cni/config-schema'

/** The original's names (its chart's templates): an upgrade in place finds its objects by them, and so do users. */
export const NAME = {
  app: 'istio-cni',
  serviceAccount: 'istio-cni',
  configMap: 'istio-cni-config',
  daemonSet: DAEMONSET_NAME,
  container: 'install-cni',
  clusterRole: 'istio-cni',
  repairRole: 'istio-cni-repair-role',
  repairRoleBinding: 'istio-cni-repair-rolebinding',
  ambientRole: 'istio-cni-ambient',
  networkAttachment: 'istio-cni',
  networkPolicy: 'istio-cni',
  resourceQuota: 'istio-cni-resource-quota',
  /** Ours: rights in the own namespace. */
  role: 'istio-cni',
  podMonitor: 'istio-cni-node',
  /** Ours. Not named like the agent's pods, which the plugin lets pass without a look. */
  testPod: 'istio-cni-check',
} as const

/** The agent's pods; immutable in a DaemonSet, so it can never change. */
export const podSelector = { 'k8s-app': NAME.daemonSet } as const
