import { type JsonRecord, listIn, memberIn, objectIn, textIn } from './json-object.ts'

/** What of a node a DaemonSet can select by. */
interface SelectableNode {
  readonly name: string
  readonly labels: JsonRecord
}

/**
 * Do the template's `nodeSelector` and its required node affinity let its pods onto the node? As Kubernetes has it:
 * terms are alternatives, the requirements of a term hold together, a term without any matches nothing.
 * @returns undefined when a requirement is not understood
 */
export function selectsNode(podSpec: JsonRecord, node: SelectableNode): boolean | undefined {
  const selector = memberIn(podSpec, 'nodeSelector')
  for (const [key, value] of Object.entries(selector)) {
    if (typeof value !== 'string') return undefined
    if (textIn(node.labels, key) !== value) return false
  }
  const affinity = memberIn(memberIn(podSpec, 'affinity'), 'nodeAffinity')
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution
  if (required === undefined || required === null) return true
  const terms = listIn(objectIn(required), 'nodeSelectorTerms').map((term) =>
    matchesTerm(objectIn(term), node),
  )
  if (terms.includes(true)) return true
  return terms.length === 0 || terms.includes(undefined) ? undefined : false
}

function matchesTerm(term: JsonRecord, node: SelectableNode): boolean | undefined {
  const expressions = listIn(term, 'matchExpressions').map((expression) =>
    holds(objectIn(expression), (key) => textIn(node.labels, key)),
  )
  const fields = listIn(term, 'matchFields').map((field) =>
    holds(objectIn(field), (key) => (key === 'metadata.name' ? node.name : undefined)),
  )
  const all = [...expressions, ...fields]
  if (all.length === 0 || all.includes(false)) return false
  return all.includes(undefined) ? undefined : true
}

function holds(requirement: JsonRecord, valueFor: (key: string) => string | undefined): boolean | undefined {
  const key = textIn(requirement, 'key')
  if (key === undefined) return undefined
  const value = valueFor(key)
  const values = listIn(requirement, 'values')
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
    case 'Lt':
      return compares(requirement.operator, value, values[0])
    default:
      return undefined
  }
}

function compares(operator: 'Gt' | 'Lt', value: string | undefined, limit: unknown): boolean | undefined {
  if (typeof limit !== 'string' || !/^-?\d+$/.test(limit)) return undefined
  if (value === undefined || !/^-?\d+$/.test(value)) return false
  return operator === 'Gt' ? BigInt(value) > BigInt(limit) : BigInt(value) < BigInt(limit)
}
