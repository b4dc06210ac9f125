import { ANNOTATION, CONTAINER } from '@istio-install-cni/config-schema'
import { AnnotationError } from './errors.ts'
import { containerNamed, type DecisionSettings, exemptionOf } from './exemption.ts'
import type { Pod } from './pod.ts'
import { type SidecarRedirection, sidecarRedirection } from './redirection.ts'

/** What happens to a pod's traffic. `because` is a clause for logs and for `kubectl`: lower case, no full stop. */
export type Decision =
  | Readonly<{ mode: 'none'; because: string }>
  | Readonly<{
      mode: 'sidecar'
      because: string
      redirection: SidecarRedirection
      /** What an operator should know although the pod is redirected: one sentence each. */
      warnings: readonly string[]
    }>
  | Readonly<{ mode: 'refused'; error: AnnotationError }>

/**
 * Whether and how a pod is redirected. Never throws.
 *
 * A pod that says `hostNetwork` is decided like any other: the runtime makes no namespace for such pods and asks
 * nobody, so whoever asks has a namespace of the pod's own at hand. That a namespace isn't the node's own is
 * checked where namespaces are entered, not by what a manifest says.
 */
export function decisionOf(pod: Pod, settings: DecisionSettings): Decision {
  const proxy = containerNamed(pod, CONTAINER.proxy)
  const exemption = exemptionOf(pod, settings)
  if (exemption !== undefined || proxy === undefined) {
    return { mode: 'none', because: exemption ?? `it has no container ${CONTAINER.proxy}` }
  }
  try {
    const { redirection, warnings } = sidecarRedirection(pod, proxy)
    const because = `it has a sidecar (container ${CONTAINER.proxy}, annotation ${ANNOTATION.status})`
    const hostNetwork = pod.hostNetwork
      ? ['the pod says hostNetwork, yet it has a network namespace of its own']
      : []
    return { mode: 'sidecar', because, redirection, warnings: [...hostNetwork, ...warnings] }
  } catch (error) {
    if (error instanceof AnnotationError) return { mode: 'refused', error }
    throw error
  }
}
