import { nodeOf } from '../../expressions/index.ts'

/** The labels that all labelled objects have; a template of their own says them once. */
export const commonLabels = (templates: readonly object[]): Readonly<Record<string, unknown>> => {
  const [first, ...others] = templates.flatMap(labelsOf)
  const common = Object.entries(first ?? {}).filter(([key, label]) =>
    others.every((labels) => JSON.stringify(labels[key]) === JSON.stringify(label)),
  )
  return Object.fromEntries(common)
}

const labelsOf = (template: object): Readonly<Record<string, unknown>>[] => {
  const { metadata } = template as { readonly metadata?: { readonly labels?: object } }
  const node = nodeOf(metadata?.labels)
  const labels = node?.op === 'overlay' ? node.base : metadata?.labels
  return labels === undefined ? [] : [labels as Readonly<Record<string, unknown>>]
}
