import { type AmbientRedirection, type AmbientSettings, ambientRedirection } from './ambient-redirection.ts'
import { type Decision, decisionOf } from './decision.ts'
import { type EnrolmentSettings, enrolmentOf } from './enrolment.ts'
import type { Pod } from './pod.ts'

export type AmbientDecision = Readonly<{
  mode: 'ambient'
  because: string
  redirection: AmbientRedirection
  /** What an operator should know although the pod is redirected: one sentence each. */
  warnings: readonly string[]
}>

/** What happens to a pod's traffic on a node whose agent serves both modes. */
export type MeshDecision = Decision | AmbientDecision

/** To ztunnel if the pod is enrolled, else to its sidecar if it has one. Never throws. */
export function meshDecisionOf(
  pod: Pod,
  namespaceLabels: Readonly<Record<string, string>>,
  settings: EnrolmentSettings & AmbientSettings,
): MeshDecision {
  const { isEnrolled, because } = enrolmentOf(pod, namespaceLabels, settings)
  if (isEnrolled) return { mode: 'ambient', because, ...ambientRedirection(pod, settings) }
  const decision = decisionOf(pod, settings)
  return decision.mode === 'none'
    ? { mode: 'none', because: `${decision.because}, and ${because}` }
    : decision
}
