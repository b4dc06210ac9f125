import {
  ANNOTATION,
  type EnablementSelector,
  OWN_POD_PREFIX,
  ZTUNNEL_APP,
} from '@istio-install-cni/config-schema'
import { isEnabledBy } from './enablement.ts'
import type { DecisionSettings } from './exemption.ts'
import type { Pod } from './pod.ts'

export type EnrolmentSettings = DecisionSettings &
  Readonly<{
    enablementSelectors: readonly EnablementSelector[]
    /** Namespace of ztunnel; the plugin's configuration does not tell it. */
    systemNamespace?: string
  }>

/** Whether a pod belongs into the ambient mesh; `because` is a clause for logs. */
export type Enrolment = Readonly<{ isEnrolled: boolean; because: string }>

/**
 * Agent and plugin ask the same question: the plugin while the agent is away, so this must not need Node.
 *
 * @param namespaceLabels of the pod's namespace
 */
export function enrolmentOf(
  pod: Pod,
  namespaceLabels: Readonly<Record<string, string>>,
  settings: EnrolmentSettings,
): Enrolment {
  const obstacle = obstacleOf(pod, settings)
  if (obstacle !== undefined) return { isEnrolled: false, because: obstacle }
  return isEnabledBy(settings.enablementSelectors, pod.labels, namespaceLabels)
    ? { isEnrolled: true, because: 'an enablement selector selects it for the ambient mesh' }
    : { isEnrolled: false, because: 'no enablement selector selects it for the ambient mesh' }
}

/** Why a pod can't be in the ambient mesh, whatever its labels say. */
function obstacleOf(
  pod: Pod,
  { excludeNamespaces, podNamespace, systemNamespace }: EnrolmentSettings,
): string | undefined {
  if (pod.namespace === podNamespace && pod.name.startsWith(OWN_POD_PREFIX))
    return 'it is a pod of this agent'
  if (excludeNamespaces.includes(pod.namespace)) return `namespace ${pod.namespace} is excluded`
  if (pod.namespace === systemNamespace && pod.labels[ZTUNNEL_APP.key] === ZTUNNEL_APP.value)
    return 'it is ztunnel itself'
  if (pod.hostNetwork) return 'it has no network namespace of its own (hostNetwork)'
  if (pod.os !== undefined && pod.os !== 'linux') return `it is for the operating system ${pod.os}`
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed') return `it has ended (${pod.phase})`
  if (ANNOTATION.status in pod.annotations) return `it has a sidecar (annotation ${ANNOTATION.status})`
  return undefined
}
