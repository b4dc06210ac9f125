import { OWN_POD_PREFIX } from '@istio-install-cni/config-schema'
import type { PodArguments } from './pod-arguments.ts'

/**
 * Whether this is the agent's own pod, by the only proof that there is offline: its namespace and the
 * name that its DaemonSet gives. Blocking it would keep the agent away for ever.
 */
export function isOwnAgentPod(pod: PodArguments, podNamespace: unknown): boolean {
  return pod.namespace === podNamespace && pod.name.startsWith(OWN_POD_PREFIX)
}

export function isExcluded(pod: PodArguments, excludeNamespaces: readonly string[]): boolean {
  return excludeNamespaces.includes(pod.namespace)
}
