import { join } from 'node:path'
import { podUidOf } from './find-pods-cgroup.ts'
import { namespaceAt, processesIn, readBounded } from './find-pods-processes.ts'

/** Programs that are, or contain, the kubelet (kubelite: MicroK8s), by the name in `/proc/<pid>/comm`. */
const names = new Set(['kubelet', 'kubelite', 'k3s', 'k3s-server', 'k3s-agent'])

/**
 * The user that the kubelet runs as, by which nftables tells its probes; undefined when it is not found. A process of
 * a pod may call itself anything: only processes outside of pods, in the node's own network namespace, count.
 *
 * @param procDir the node's /proc, such as `/host/proc`
 */
export async function kubeletUser(procDir: string): Promise<number | undefined> {
  const node = await namespaceAt(join(procDir, '1/ns/net'))
  for (const directory of await processesIn(procDir)) {
    if (!names.has(((await readBounded(join(directory, 'comm'))) ?? '').trim())) continue
    const namespace = await namespaceAt(join(directory, 'ns/net'))
    if (!node || namespace?.key !== node.key) continue
    if (podUidOf((await readBounded(join(directory, 'cgroup'))) ?? '') !== undefined) continue
    const user = /^Uid:\s+\d+\s+(\d+)\s/m.exec((await readBounded(join(directory, 'status'))) ?? '')?.[1]
    if (user !== undefined) return Number(user)
  }
  return undefined
}
