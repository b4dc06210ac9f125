// Objects of Kubernetes as flat facts, so that two renderings can be compared without regard to order.

export interface KubernetesObject {
  readonly kind: string
  readonly metadata: Readonly<{ name: string }>
  readonly [key: string]: unknown
}

/** Path within all objects, such as `DaemonSet/istio-cni-node spec.template.spec.hostNetwork`, to what stands there. */
export type Facts = ReadonlyMap<string, string>

/** What stands at the path of an object itself. */
export const THERE = 'there'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

export function factsOf(objects: readonly KubernetesObject[]): Facts {
  return new Map(
    objects.flatMap((object) => {
      const path = `${object.kind}/${object.metadata.name}`
      return [[path, THERE] as const, ...below(path, ' ', object)]
    }),
  )
}

type Fact = readonly [path: string, value: string]

/** @param joint what stands between the path and a key */
function below(path: string, joint: string, value: unknown): Fact[] {
  if (Array.isArray(value)) return value.flatMap((item) => ofItem(path, item))
  if (typeof value !== 'object' || value === null) return [[path, String(value)]]
  const entries = Object.entries(value)
  if (entries.length === 0) return [[path, '{}']]
  return entries.flatMap(([key, each]) =>
    key === 'rules'
      ? rightsOf(each as Rule[]).map((right) => [`${path} may ${right}`, THERE] as const)
      : below(`${path}${joint}${key}`, '.', each),
  )
}

/** Items are told by what makes them unique: a mount by its place, others by name, the rest by all that they are. */
function ofItem(path: string, item: unknown): Fact[] {
  if (typeof item !== 'object' || item === null) return [[`${path}[${String(item)}]`, THERE]]
  const identity = identities.find((key) => key in item)
  if (identity === undefined) return [[`${path}[${sorted(item)}]`, THERE]]
  const { [identity]: key, ...rest } = item as Record<string, unknown>
  const place = `${path}[${String(key)}]`
  return [
    [place, THERE],
    ...Object.entries(rest).flatMap(([name, each]) => below(`${place}.${name}`, '.', each)),
  ]
}

const identities = ['mountPath', 'name'] as const

/** One for each verb and resource: rules that are cut otherwise grant the same. */
function rightsOf(rules: readonly Rule[]): string[] {
  return rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    verbs.flatMap((verb) =>
      resources.map((resource) => {
        const group = apiGroups.join('') === '' ? '' : `.${apiGroups.join(',')}`
        return `${verb} ${resource}${group}${resourceNames === undefined ? '' : ` ${resourceNames.join(',')}`}`
      }),
    ),
  )
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}

export interface Difference {
  readonly path: string
  /** Undefined: nothing stands there. */
  readonly theirs: string | undefined
  readonly ours: string | undefined
}

/** Of an object, or an item of a list, that only one side has, itself alone. */
export function differencesBetween(theirs: Facts, ours: Facts): Difference[] {
  const paths = [...new Set([...theirs.keys(), ...ours.keys()])].sort()
  const differing = paths.filter((path) => theirs.get(path) !== ours.get(path))
  const wholes = differing.filter((path) => [theirs.get(path), ours.get(path)].includes(THERE))
  return differing
    .filter((path) => !wholes.some((whole) => path.startsWith(`${whole} `) || path.startsWith(`${whole}.`)))
    .map((path) => ({ path, theirs: theirs.get(path), ours: ours.get(path) }))
}
