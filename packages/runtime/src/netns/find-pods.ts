import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HOST_NETNS_PATH } from '@istio-install-cni/config-schema'
import { type AddressesOf, type Named, sharedAddress, shown } from './find-pods-addresses.ts'
import {
  type NamespaceKey,
  namespaceAt,
  type Residence,
  type Residences,
  residencesOf,
} from './find-pods-processes.ts'
import { findWithoutProcess } from './find-pods-unclaimed.ts'

/** A pod's network namespace. Whoever opens the path compares the inode: the path may lead elsewhere by then. */
type FoundNamespace = Readonly<{
  path: string
  inode: bigint
  /** What says that it is the pod's, for the log. */
  proof: string
}>

type Pods = ReadonlyMap<string, Readonly<{ addresses: readonly string[] }>>

type FindPodsOptions = Readonly<{
  /** The node's /proc, such as `/host/proc`. */
  procDir: string
  /** Where runtimes keep namespaces by name, such as `/host/var/run/netns`; it need not exist. */
  netnsDir: string
  /** Pod uid to the pod's addresses, as far as they are known. */
  wanted: Pods
  /** The node's other pods that have a namespace of their own, as far as it is not held. @default none */
  others?: Pods
  /** Inodes of namespaces that are known to be some pod's. @default none */
  held?: ReadonlySet<bigint>
  addressesOf: AddressesOf
  /** Told of every pod that has a candidate which was not believed. */
  onDoubt?: (uid: string, why: string) => void
}>

/**
 * The network namespaces of running pods, by what a pod cannot forge: the cgroup of its processes, and its addresses
 * inside. A namespace is a pod's if
 *
 * 1. all processes of the pod are in it, and no other pod's, and it has one of the pod's addresses if any is known;
 * 2. processes of the pod are in several, or others are there too, and it alone has one of the pod's addresses;
 * 3. of several that agree so far it alone has a name from the runtime: a pod can make namespaces like its own;
 * 4. the pod has no process (CRI-O without infra containers), no other pod's is in it, and of all the namespaces
 *    with a name it alone has one of the pod's addresses, and it cannot be that of another pod without a process.
 *
 * Never one of the node's own. Pods of which nothing is found are left out of the answer.
 */
export async function findPodNamespaces(
  options: FindPodsOptions,
): Promise<ReadonlyMap<string, FoundNamespace>> {
  if (options.wanted.size === 0) return new Map()
  const { procDir, netnsDir, wanted, others = new Map(), held = new Set() } = options
  const excluded = await nodeNamespaces(procDir)
  const residences = await residencesOf(procDir, excluded)
  const named = await namedNamespaces(netnsDir, excluded)
  const owners = ownersOf(residences)
  const found = new Map<string, FoundNamespace>()
  const without = new Map<string, Readonly<{ addresses: readonly string[] }>>()
  for (const [uid, { addresses }] of wanted) {
    const candidates = [...(residences.get(uid.toLowerCase())?.values() ?? [])]
    if (candidates.length === 0) without.set(uid, { addresses })
    else {
      const namespace = await chosen({ uid, addresses, candidates, owners, named }, options)
      if (namespace) found.set(uid, namespace)
    }
  }
  const more = await findWithoutProcess({
    wanted: without,
    others: new Map([...others].filter(([uid]) => !wanted.has(uid) && !residences.has(uid.toLowerCase()))),
    namespaces: [...named.values()].filter(({ key, inode }) => !owners.has(key) && !held.has(inode)),
    addressesOf: options.addressesOf,
    onDoubt: options.onDoubt,
  })
  return new Map([...found, ...more])
}

type Owners = ReadonlyMap<NamespaceKey, ReadonlySet<string>>

/** The node's first namespace, and the agent's, which is the same or no pod's of interest. */
async function nodeNamespaces(procDir: string): Promise<ReadonlySet<NamespaceKey>> {
  const paths = [join(procDir, '1/ns/net'), '/proc/self/ns/net', HOST_NETNS_PATH]
  const found = await Promise.all(paths.map(namespaceAt))
  return new Set(found.flatMap((namespace) => (namespace ? [namespace.key] : [])))
}

async function namedNamespaces(
  netnsDir: string,
  excluded: ReadonlySet<NamespaceKey>,
): Promise<ReadonlyMap<NamespaceKey, Named>> {
  const names = await readdir(netnsDir).catch(() => [])
  const named = new Map<NamespaceKey, Named>()
  for (const name of names) {
    const path = join(netnsDir, name)
    const namespace = await namespaceAt(path)
    if (namespace && !excluded.has(namespace.key)) named.set(namespace.key, { ...namespace, path })
  }
  return named
}

function ownersOf(residences: Residences): Owners {
  const owners = new Map<NamespaceKey, Set<string>>()
  for (const [uid, namespaces] of residences) {
    for (const key of namespaces.keys()) owners.set(key, (owners.get(key) ?? new Set()).add(uid))
  }
  return owners
}

type Choice = Readonly<{
  uid: string
  addresses: readonly string[]
  candidates: readonly Residence[]
  owners: Owners
  named: ReadonlyMap<NamespaceKey, Named>
}>

async function chosen(
  { uid, addresses, candidates, owners, named }: Choice,
  { addressesOf, onDoubt }: FindPodsOptions,
): Promise<FoundNamespace | undefined> {
  const doubt = (why: string) => void onDoubt?.(uid, why)
  const only = soleOf(candidates, named)
  const isClear = only !== undefined && owners.get(only.key)?.size === 1 ? only : undefined
  if (addresses.length === 0) {
    if (!isClear)
      return doubt('its processes are in several namespaces or share one, and it has no address yet')
    return answer(isClear, named, processesOf(isClear))
  }
  const believed: (Residence & { address: string })[] = []
  for (const candidate of candidates) {
    const address = await sharedAddress(candidate, addresses, addressesOf)
    if (address !== undefined) believed.push({ ...candidate, address })
  }
  if (believed.length === 0)
    return doubt(`none of its namespaces has one of its addresses ${shown(addresses)}`)
  const sole = soleOf(believed, named)
  if (!sole) return doubt(`several of its namespaces have one of its addresses ${shown(addresses)}`)
  return answer(sole, named, `${processesOf(sole)}, address ${sole.address} inside`)
}

/** The only one, or the only one with a name. */
function soleOf<R extends Residence>(
  candidates: readonly R[],
  named: ReadonlyMap<NamespaceKey, Named>,
): R | undefined {
  if (candidates.length === 1) return candidates[0]
  const [first, second] = candidates.filter(({ key }) => named.has(key))
  return second === undefined ? first : undefined
}

/** A name outlives the process that was looked at, so it is the better path. */
const answer = (
  { key, inode, path }: Residence,
  named: ReadonlyMap<NamespaceKey, Named>,
  proof: string,
): FoundNamespace => ({ path: named.get(key)?.path ?? path, inode, proof })

const processesOf = ({ processes }: Residence): string => `cgroup of ${processes} process(es)`
