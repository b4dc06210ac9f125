import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ZtunnelOptions } from './stand-in.ts'

/**
 * How to run the real ztunnel without a control plane (its README, "local development"): its own CA, and the
 * workloads of other nodes from a file. It takes this node's from the agent, as ever, but does not know their
 * addresses: connections between them are plain, as to any pod outside the mesh.
 */
export async function realZtunnel({ socketPath, mesh = [] }: ZtunnelOptions) {
  const directory = await mkdtemp(join(tmpdir(), 'ztunnel-'))
  const file = join(directory, 'workloads.json')
  const workloads = mesh.map((address, index) => ({
    uid: `cluster1//v1/Pod/default/pod-${index}`,
    name: `pod-${index}`,
    namespace: 'default',
    serviceAccount: 'default',
    workloadIps: [address],
    protocol: 'HBONE',
    node: 'other',
    network: '',
    services: {},
  }))
  await writeFile(file, JSON.stringify({ workloads, policies: [], services: [] }))
  const env = {
    INPOD_UDS: socketPath,
    FAKE_CA: 'true',
    XDS_ADDRESS: '',
    LOCAL_XDS_PATH: file,
    NODE_NAME: 'node',
    RUST_LOG: 'info',
  }
  return { file: process.env.ZTUNNEL_BIN ?? '', args: [], env }
}
