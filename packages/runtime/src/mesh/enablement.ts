import type { EnablementSelector, LabelRequirement, LabelSelector } from '@istio-install-cni/config-schema'

type Labels = Readonly<Record<string, string>>

/** Whether ambient mode is wanted for a pod: whether any selector's two halves select it and its namespace. */
export function isEnabledBy(
  selectors: readonly EnablementSelector[],
  podLabels: Labels,
  namespaceLabels: Labels,
): boolean {
  return selectors.some(
    ({ podSelector, namespaceSelector }) =>
      isSelected(podSelector, podLabels) && isSelected(namespaceSelector, namespaceLabels),
  )
}

/** Kubernetes' LabelSelector: every condition must hold. */
function isSelected({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    matchExpressions.every((requirement) => holds(requirement, labelOf(labels, requirement.key)))
  )
}

/** NotIn holds without the label, too (Kubernetes: "Set-based requirement"). */
function holds({ operator, values = [] }: LabelRequirement, label: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return label !== undefined && values.includes(label)
    case 'NotIn':
      return label === undefined || !values.includes(label)
    case 'Exists':
      return label !== undefined
    case 'DoesNotExist':
      return label === undefined
  }
}

const labelOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined
