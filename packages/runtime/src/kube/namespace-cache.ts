import { memberIn, objectIn, textIn } from './json-object.ts'
import type { NamespaceLabels } from './namespace-source.ts'

/** Clusters of this size are rare; what comes beyond is asked for singly. */
const most = 20_000
/** Of one namespace; an object of the largest size holds more only when it is made to harm. */
const mostLabels = 1_000

/** The cluster's namespaces: names and labels, nothing else. */
export class NamespaceCache {
  readonly #tell: (name: string | undefined) => void
  #namespaces = new Map<string, NamespaceLabels>()

  /** @param tell which namespace is another now; undefined: any may be */
  constructor(tell: (name: string | undefined) => void) {
    this.#tell = tell
  }

  labelsOf(name: string): NamespaceLabels | undefined {
    return this.#namespaces.get(name)
  }

  /** A change of anything but the labels is none. */
  put(manifest: unknown): void {
    const name = namespaceName(manifest)
    const before = this.#namespaces.get(name)
    if (before === undefined && this.#namespaces.size >= most) return
    const labels = namespaceLabels(manifest)
    this.#namespaces.set(name, labels)
    if (before === undefined || !isEqual(before, labels)) this.#tell(name)
  }

  remove(manifest: unknown): void {
    const name = namespaceName(manifest)
    if (this.#namespaces.delete(name)) this.#tell(name)
  }

  replace(manifests: readonly unknown[]): void {
    const entries = manifests
      .slice(0, most)
      .map((manifest) => [namespaceName(manifest), namespaceLabels(manifest)] as const)
    this.#namespaces = new Map(entries)
    this.#tell(undefined)
  }
}

/** Empty when it has none. */
export const namespaceName = (manifest: unknown): string =>
  textIn(memberIn(objectIn(manifest), 'metadata'), 'name') ?? ''

/** Its labels that are text, as all labels are. */
export function namespaceLabels(manifest: unknown): NamespaceLabels {
  const labels = memberIn(memberIn(objectIn(manifest), 'metadata'), 'labels')
  const entries = Object.entries(labels).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(entries.slice(0, mostLabels))
}

function isEqual(one: NamespaceLabels, other: NamespaceLabels): boolean {
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}
