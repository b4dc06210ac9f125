/** Pods without a process, as CRI-O has them until their containers start: found by address among named namespaces. */
import { type AddressesOf, type Named, normal, shown, stillThere } from './find-pods-addresses.ts'

type Pods = ReadonlyMap<string, Readonly<{ addresses: readonly string[] }>>
type Found = Readonly<{ path: string; inode: bigint; proof: string }>

type Unclaimed = Readonly<{
  /** Pods that are searched. */
  wanted: Pods
  /** Other pods without a process, whose namespace may be among these. */
  others: Pods
  /** Named namespaces that no pod's process is in. */
  namespaces: readonly Named[]
  addressesOf: AddressesOf
  onDoubt: ((uid: string, why: string) => void) | undefined
}>

/**
 * An address alone is a weak proof: after a reboot the API server tells of those that pods had before, and a pod that
 * starts may have the former one of another. So it counts only if all pods without a process are accounted for.
 */
export async function findWithoutProcess(options: Unclaimed): Promise<ReadonlyMap<string, Found>> {
  const { wanted, others, namespaces, addressesOf, onDoubt } = options
  const found = new Map<string, Found>()
  if ([...wanted.values()].every(({ addresses }) => addresses.length === 0)) return found
  const inside = new Map<Named, ReadonlySet<string>>()
  for (const namespace of namespaces) inside.set(namespace, normal(await stillThere(namespace, addressesOf)))
  const matching = new Map(
    [...others, ...wanted].map(([uid, pod]) => {
      const addresses = normal(pod.addresses)
      return [uid, [...inside].filter(([, there]) => !addresses.isDisjointFrom(there)).map(([one]) => one)]
    }),
  )
  for (const [uid, { addresses }] of wanted) {
    const [namespace, second] = matching.get(uid) ?? []
    if (namespace === undefined) continue
    const why = second
      ? 'it has no process, and several namespaces have one of its addresses'
      : whyNot(uid, namespace, matching)
    if (why !== undefined) onDoubt?.(uid, why)
    else {
      const proof = `no process, but alone with one of its addresses ${shown(addresses)}`
      found.set(uid, { path: namespace.path, inode: namespace.inode, proof })
    }
  }
  return found
}

function whyNot(
  uid: string,
  namespace: Named,
  matching: ReadonlyMap<string, readonly Named[]>,
): string | undefined {
  for (const [other, namespaces] of matching) {
    if (other === uid) continue
    if (namespaces.includes(namespace)) return 'another pod has the same address, and neither has a process'
    if (namespaces.length === 0) return `it has no process, and its namespace may be that of ${other}`
  }
  return undefined
}
