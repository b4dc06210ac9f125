/** Addresses inside namespaces, compared with those of pods. */
import { type Namespace, namespaceAt } from './find-pods-processes.ts'
import { hostAddress } from './host-addresses.ts'

export type Named = Namespace & Readonly<{ path: string }>

/** The addresses inside a namespace; rejects when it is gone, none, or the node's own. */
export type AddressesOf = (path: string) => Promise<readonly string[]>

/** The pod's address that the namespace has. */
export async function sharedAddress(
  namespace: Named,
  addresses: readonly string[],
  addressesOf: AddressesOf,
): Promise<string | undefined> {
  const inside = normal(await stillThere(namespace, addressesOf))
  return [...normal(addresses)].find((address) => inside.has(address))
}

/** The addresses inside, if the path led to this very namespace before and after they were read. */
export async function stillThere({ path, key }: Named, addressesOf: AddressesOf): Promise<readonly string[]> {
  try {
    const inside = await addressesOf(path)
    return (await namespaceAt(path))?.key === key ? inside : []
  } catch {
    return []
  }
}

/** In one form; what is no address is left out. */
export function normal(addresses: readonly string[]): ReadonlySet<string> {
  return new Set(
    addresses.flatMap((text) => {
      try {
        return [hostAddress(text).text]
      } catch {
        return []
      }
    }),
  )
}

export const shown = (addresses: readonly string[]): string => addresses.slice(0, 4).join(', ')
