import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ZtunnelOptions } from './stand-in.ts'

const nodeName = 'node'
const strangers = { namespace: 'default', serviceAccount: 'default' }

/**
 * How to run the real ztunnel without a control plane (its Development.md, "Local Testing"): its own CA, which only a
 * build with `--features testing` has, and a file, read once, instead of the control plane. Without a word there about
 * a pod it refuses the pod's connections.
 */
export async function realZtunnel({ socketPath, pods = [], mesh = [] }: ZtunnelOptions) {
  const file = join(await mkdtemp(join(tmpdir(), 'ztunnel-')), 'workloads.json')
  const others = mesh.map((address, index) => ({
    ...strangers,
    name: `other-${index}`,
    addresses: [address],
  }))
  const all = [
    ...pods.map((pod) => ({ pod, node: nodeName })),
    ...others.map((pod) => ({ pod, node: 'other' })),
  ]
  const workloads = all.map(({ pod: { name, namespace, serviceAccount, addresses }, node }) => ({
    ...{ name, namespace, serviceAccount, node },
    uid: `cluster//v1/Pod/${namespace}/${name}`,
    workloadIps: addresses,
    protocol: 'HBONE',
    network: '',
    services: {},
  }))
  await writeFile(file, JSON.stringify({ workloads, policies: [], services: [] }))
  const env = {
    INPOD_UDS: socketPath,
    FAKE_CA: 'true',
    XDS_ADDRESS: '',
    LOCAL_XDS_PATH: file,
    NODE_NAME: nodeName,
    RUST_LOG: 'warn,access=info',
  }
  return { file: process.env.ZTUNNEL_BIN ?? '', args: [], env }
}
