// What goes wrong on nodes.
import { writeFile } from 'node:fs/promises'
import { makeServiceAccountKey } from './certificates.ts'
import type { Cluster } from './cluster.ts'
import { nodePaths } from './layout.ts'
import { nodeFile } from './node-namespace.ts'
import { send, stop } from './processes.ts'

/** Runs `during` while connections to the API server are refused. */
export async function withoutApiServer<T>(cluster: Cluster, during: () => Promise<T>): Promise<T> {
  await stop('kube-apiserver', 'KILL')
  try {
    return await during()
  } finally {
    await cluster.start('kube-apiserver')
    await cluster.apiServerReady()
  }
}

/** Runs `during` while the API server accepts connections and never answers. */
export async function withHangingApiServer<T>(cluster: Cluster, during: () => Promise<T>): Promise<T> {
  await send('kube-apiserver', 'STOP')
  try {
    return await during()
  } finally {
    await send('kube-apiserver', 'CONT')
    await cluster.apiServerReady()
  }
}

/** From now on the API server answers the agent with 401, until it gets a token again. */
export async function spoilToken(): Promise<void> {
  await writeFile(nodeFile(`${nodePaths.serviceAccount}/token`), 'no-token-that-was-ever-issued')
}

/** From now on no token counts that was issued before. */
export async function rotateServiceAccountKey(cluster: Cluster): Promise<void> {
  await makeServiceAccountKey()
  await stop('kube-controller-manager', 'KILL')
  await stop('kube-apiserver', 'KILL')
  await cluster.start('kube-apiserver')
  await cluster.apiServerReady()
  await cluster.start('kube-controller-manager')
}

export async function restartKubelet(cluster: Cluster): Promise<void> {
  await stop('kubelet', 'KILL')
  await cluster.start('kubelet')
  await cluster.nodeReady()
}

/** Containers outlive it; sandboxes being made do not. */
export async function restartContainerd(cluster: Cluster): Promise<void> {
  await stop('containerd', 'KILL')
  await cluster.start('containerd')
  await cluster.containerdReady()
  await cluster.nodeReady()
}
