// Pods as the runtime knows them.
import type { Cluster } from './cluster.ts'

interface ContainerInfo {
  readonly Spec: { readonly linux: { readonly namespaces: readonly { type: string; path?: string }[] } }
}

export interface Sandbox {
  readonly id: string
  /** Path of its network namespace on the node. */
  readonly netns: string
}

const ctr = ['ctr', '--namespace', 'k8s.io']

/** @returns the newest sandbox of a pod */
export async function sandboxOf(cluster: Cluster, pod: string): Promise<Sandbox> {
  const filter = `labels."io.kubernetes.pod.name"==${pod},labels."io.cri-containerd.kind"==sandbox`
  const ids = (await cluster.exec(...ctr, 'containers', 'ls', '-q', filter)).trim().split('\n')
  const infos = await Promise.all(ids.map((id) => cluster.exec(...ctr, 'containers', 'info', id)))
  const [{ id, netns } = { id: '', netns: '' }] = infos
    .map((text) => JSON.parse(text) as ContainerInfo & { ID: string; CreatedAt: string })
    .sort((a, b) => b.CreatedAt.localeCompare(a.CreatedAt))
    .map((info) => ({
      id: info.ID,
      netns: info.Spec.linux.namespaces.find(({ type }) => type === 'network')?.path ?? '',
    }))
  if (id === '' || netns === '') throw new Error(`the pod ${pod} has no sandbox`)
  return { id, netns }
}

/** Kills what holds a pod's namespaces; the kubelet makes the pod anew, with another address. */
export async function killSandbox(cluster: Cluster, { id }: Sandbox): Promise<void> {
  await cluster.exec(...ctr, 'tasks', 'kill', '--signal', 'SIGKILL', id)
}
