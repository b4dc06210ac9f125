import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ZtunnelOptions } from './stand-in.ts'

const nodeName = 'node'

/**
 * How to run the real ztunnel without a control plane (its Development.md, "Local Testing"): its own CA, which only a
 * build with `--features testing` has, and a file, read once, instead of the control plane. Without a word there about
 * a pod it refuses the pod's connections.
 */
export async function realZtunnel({ socketPath, pods = [], mesh = [] }: ZtunnelOptions) {
  const file = join(await mkdtemp(join(tmpdir(), 'ztunnel-')), 'workloads.json')
  const others = mesh.map((address, index) => ({
    name: `other-${index}`,
    namespace: 'default',
    serviceAccount: 'default',
    addresses: [address],
    node: 'other',
  }))
  const workloads = [...pods.map((pod) => ({ ...pod, node: nodeName })), ...others].map(
    ({ addresses, ...workload }) => ({
      ...workload,
      uid: `cluster//v1/Pod/${workload.namespace}/${workload.name}`,
      workloadIps: addresses,
      protocol: 'HBONE',
      network: '',
      services: {},
    }),
  )
  await writeFile(file, JSON.stringify({ workloads, policies: [], services: [] }))
  const env = {
    INPOD_UDS: socketPath,
    FAKE_CA: 'true',
    XDS_ADDRESS: '',
    LOCAL_XDS_PATH: file,
    NODE_NAME: nodeName,
    RUST_LOG: process.env.RUST_LOG ?? 'warn',
  }
  return { file: process.env.ZTUNNEL_BIN ?? '', args: [], env }
}
