/** The operators of a Kubernetes label selector requirement. */
export const SELECTOR_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const
export type SelectorOperator = (typeof SELECTOR_OPERATORS)[number]

// Aliases, not interfaces: only those are assignable to JSON.
export type LabelRequirement = {
  readonly key: string
  readonly operator: SelectorOperator
  readonly values?: readonly string[]
}

/** A Kubernetes LabelSelector; without conditions it selects everything. */
export type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelRequirement[]
}

/** A pod is selected when both halves select it. */
export type EnablementSelector = {
  readonly podSelector: LabelSelector
  readonly namespaceSelector: LabelSelector
}

/** What the original's chart enrols: labelled pods, and pods of labelled namespaces that do not opt out. */
export const DEFAULT_ENABLEMENT_SELECTORS: readonly EnablementSelector[] = [
  { podSelector: { matchLabels: { 'istio.io/dataplane-mode': 'ambient' } }, namespaceSelector: {} },
  {
    podSelector: {
      matchExpressions: [{ key: 'istio.io/dataplane-mode', operator: 'NotIn', values: ['none'] }],
    },
    namespaceSelector: { matchLabels: { 'istio.io/dataplane-mode': 'ambient' } },
  },
]

/** A selector that cannot be used; `path` is the place in the given list. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError'
  readonly code = 'SELECTOR_INVALID'
  readonly path: string
  readonly value: unknown
  readonly expectation: string
  readonly suggestion: string | undefined

  constructor(path: string, value: unknown, expectation: string, suggestion?: string) {
    super(`${path || 'selectors'}: expected ${expectation}`)
    this.path = path
    this.value = value
    this.expectation = expectation
    this.suggestion = suggestion
  }
}

const LABEL_KEY = /^([a-z0-9][-a-z0-9.]{0,252}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

/**
 * Reads a list of enablement selectors, as in netconf key `enablement_selectors`.
 * Unknown keys are refused: a mistyped condition would silently enrol everything.
 * @throws {SelectorError}
 */
export function parseSelectors(given: unknown): EnablementSelector[] {
  return listOf(given, '', (item, path) => {
    const selector = record(item, path, ['podSelector', 'namespaceSelector'])
    return {
      podSelector: labelSelector(selector.podSelector, `${path}.podSelector`),
      namespaceSelector: labelSelector(selector.namespaceSelector, `${path}.namespaceSelector`),
    }
  })
}

function labelSelector(given: unknown, path: string): LabelSelector {
  if (absent(given)) return {}
  const { matchLabels, matchExpressions } = record(given, path, ['matchLabels', 'matchExpressions'])
  return {
    ...(absent(matchLabels) ? {} : { matchLabels: labels(matchLabels, `${path}.matchLabels`) }),
    ...(absent(matchExpressions)
      ? {}
      : { matchExpressions: listOf(matchExpressions, `${path}.matchExpressions`, requirement) }),
  }
}

function labels(given: unknown, path: string): Record<string, string> {
  const entries = Object.entries(record(given, path))
  return Object.fromEntries(
    entries.map(([key, value]) => [labelKey(key, path), labelValue(value, `${path}.${key}`)]),
  )
}

function requirement(given: unknown, path: string): LabelRequirement {
  const { key, operator, values } = record(given, path, ['key', 'operator', 'values'])
  const known = SELECTOR_OPERATORS.find((candidate) => candidate === operator)
  if (known === undefined) {
    const meant = SELECTOR_OPERATORS.find((word) => word.toLowerCase() === String(operator).toLowerCase())
    const expectation = `one of ${SELECTOR_OPERATORS.join(', ')}`
    throw new SelectorError(`${path}.operator`, operator, expectation, meant)
  }
  const list = absent(values) ? [] : listOf(values, `${path}.values`, labelValue)
  const wantsValues = known === 'In' || known === 'NotIn'
  if (wantsValues !== list.length > 0) {
    const expectation = `${wantsValues ? 'at least one value' : 'no values'} with operator ${known}`
    throw new SelectorError(`${path}.values`, values, expectation)
  }
  return { key: labelKey(key, `${path}.key`), operator: known, ...(wantsValues ? { values: list } : {}) }
}

function labelKey(given: unknown, path: string): string {
  if (typeof given === 'string' && LABEL_KEY.test(given)) return given
  throw new SelectorError(path, given, 'a label key such as example.com/name')
}

function labelValue(given: unknown, path: string): string {
  if (typeof given === 'string' && LABEL_VALUE.test(given)) return given
  const unquoted = typeof given === 'boolean' || typeof given === 'number'
  const hint = unquoted ? JSON.stringify(String(given)) : undefined
  throw new SelectorError(path, given, 'a label value (text)', hint)
}

function absent(given: unknown): given is null | undefined {
  return given === undefined || given === null
}

function listOf<Item>(given: unknown, path: string, read: (item: unknown, path: string) => Item): Item[] {
  if (!Array.isArray(given)) throw new SelectorError(path, given, 'a list')
  return given.map((item: unknown, index) => read(item, `${path}[${index}]`))
}

function record(given: unknown, path: string, keys?: readonly string[]): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new SelectorError(path, given, 'an object')
  }
  const unknownKey = keys && Object.keys(given).find((key) => !keys.includes(key))
  if (unknownKey !== undefined) {
    const meant = keys?.find((key) => key.toLowerCase() === unknownKey.toLowerCase())
    throw new SelectorError(`${path}.${unknownKey}`, undefined, `only the keys ${keys?.join(', ')}`, meant)
  }
  return given as Record<string, unknown>
}
