/** Which pods' processes are in which network namespaces, read from a node's /proc. */
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { podUidOf } from './find-pods-cgroup.ts'

/** Device and inode: the identity of a namespace while anything holds it. */
export type NamespaceKey = string
export type Namespace = Readonly<{ key: NamespaceKey; inode: bigint }>

/** A namespace that a pod's processes are in; the path leads through one of them. */
export type Residence = Namespace & Readonly<{ path: string; processes: number }>

/** Of each pod that has processes its namespaces, normally one. */
export type Residences = ReadonlyMap<string, ReadonlyMap<NamespaceKey, Residence>>

/** So many processes are looked at side by side: each waits for the thread pool, none blocks the loop. */
const sideBySide = 16
/** The longest is cgroup: a line for each of a dozen hierarchies, each path at most 4 KiB. */
const longestFile = 64 * 1024

/** Processes in one of the `excluded` namespaces are left out, and those that end meanwhile. */
export async function residencesOf(
  procDir: string,
  excluded: ReadonlySet<NamespaceKey>,
): Promise<Residences> {
  const processes = await processesIn(procDir)
  const residences = new Map<string, Map<NamespaceKey, Residence>>()
  for (let at = 0; at < processes.length; at += sideBySide) {
    const some = processes.slice(at, at + sideBySide)
    const found = await Promise.all(some.map((process) => lookAt(process, excluded)))
    for (const { uid, path, key, inode } of found.filter((one) => one !== undefined)) {
      const ofPod = residences.get(uid) ?? new Map<NamespaceKey, Residence>()
      const known = ofPod.get(key)
      ofPod.set(key, { key, inode, path: known?.path ?? path, processes: (known?.processes ?? 0) + 1 })
      residences.set(uid, ofPod)
    }
  }
  return residences
}

async function lookAt(process: string, excluded: ReadonlySet<NamespaceKey>) {
  const path = join(process, 'ns/net')
  const namespace = await namespaceAt(path)
  if (!namespace || excluded.has(namespace.key)) return undefined
  const uid = podUidOf((await readBounded(join(process, 'cgroup'))) ?? '')
  return uid === undefined ? undefined : { ...namespace, uid, path }
}

/** Undefined when the path is not there (any more) or may not be looked at. */
export async function namespaceAt(path: string): Promise<Namespace | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true })
    return { key: `${dev}:${ino}`, inode: ino }
  } catch {
    return undefined
  }
}

/** The beginning of a file of /proc; undefined when it is not there (any more). */
export async function readBounded(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(longestFile), 0, longestFile, null)
    return buffer.toString('utf8', 0, bytesRead)
  } catch {
    return undefined
  }
}

/** The process directories of a /proc. */
export async function processesIn(procDir: string): Promise<string[]> {
  const names = await readdir(procDir)
  return names.filter((name) => /^[1-9]\d*$/.test(name)).map((name) => join(procDir, name))
}
