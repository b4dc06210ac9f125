/** Pods without a process, as CRI-O has them until their containers start: found by address among named namespaces. */
import { type AddressesOf, type Named, normal, shown, stillThere } from './find-pods-addresses.ts'

type Wanted = ReadonlyMap<string, Readonly<{ addresses: readonly string[] }>>
type Found = Readonly<{ path: string; inode: bigint; proof: string }>
type OnDoubt = ((uid: string, why: string) => void) | undefined

/** `unclaimed`: named namespaces that no pod's process is in. */
export async function findWithoutProcess(
  wanted: Wanted,
  unclaimed: readonly Named[],
  addressesOf: AddressesOf,
  onDoubt: OnDoubt,
): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>()
  const searched = [...wanted].filter(([, { addresses }]) => addresses.length > 0)
  if (searched.length === 0) return found
  const inside = new Map<Named, ReadonlySet<string>>()
  for (const namespace of unclaimed) {
    inside.set(namespace, normal(await stillThere(namespace, addressesOf)))
  }
  for (const [uid, pod] of searched) {
    const addresses = normal(pod.addresses)
    const matching = [...inside].filter(([, there]) => !addresses.isDisjointFrom(there))
    const [first, second] = matching.map(([namespace]) => namespace)
    if (second) onDoubt?.(uid, `it has no process, and several namespaces have one of its addresses`)
    else if (first) {
      const proof = `no process, but alone with one of its addresses ${shown([...addresses])}`
      found.set(uid, { path: first.path, inode: first.inode, proof })
    }
  }
  return onlyOwners(found, onDoubt)
}

/** Two pods with one address cannot both have the namespace; nobody can tell which one has. */
function onlyOwners(found: ReadonlyMap<string, Found>, onDoubt: OnDoubt): ReadonlyMap<string, Found> {
  const byInode = Map.groupBy(found, ([, { inode }]) => inode)
  return new Map(
    [...byInode.values()].flatMap((claims) => {
      if (claims.length === 1) return claims
      for (const [uid] of claims)
        onDoubt?.(uid, 'another pod has the same address, and neither has a process')
      return []
    }),
  )
}
