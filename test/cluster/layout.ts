// Where the test cluster keeps what, and the addresses that its node has in its own network namespace.
import { join } from 'node:path'
import { cacheDirectory } from '../../scripts/tools.ts'

export const clusterCache = join(cacheDirectory, 'cluster')
export const stateDirectory = process.env.CLUSTER_STATE ?? join(clusterCache, 'state')
export const inState = (...names: string[]): string => join(stateDirectory, ...names)

export const nodeIdentity = {
  name: 'node1',
  address: '10.99.0.1',
  podCidr: '10.244.0.0/24',
  serviceCidr: '10.96.0.0/16',
  /** The Service `kubernetes`; also an address of the node, where the API server listens on the Service's port. */
  apiAddress: '10.96.0.1',
  apiPort: 443,
} as const

/** Paths on the node: the usual ones, over which the node's mount namespace lays directories of the state. */
export const nodePaths = {
  netDir: '/etc/cni/net.d',
  binDir: '/opt/cni/bin',
  containerdSocket: '/run/containerd/containerd.sock',
  /** Not by way of /var/run: seen from outside, that link leads to the machine's own /run. */
  serviceAccount: '/run/secrets/kubernetes.io/serviceaccount',
} as const

export const workloadImage = 'localhost/workload:1'
export const adminKubeconfig = inState('pki', 'admin.kubeconfig')
