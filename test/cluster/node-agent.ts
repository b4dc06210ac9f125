// The built agent as a process of the node, with what its DaemonSet's pod would have.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { nodeFlags } from '@istio-install-cni/runtime'
import { distDirectory } from '../../scripts/tools.ts'
import { certificate } from './certificates.ts'
import type { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { nodeIdentity, nodePaths, workloadImage } from './layout.ts'
import { nodeFile } from './node-namespace.ts'
import { logFile, start, stop } from './processes.ts'

const namespace = 'istio-system'
const account = 'istio-cni'
const reading = ['get', 'list', 'watch']
const labels = { 'k8s-app': 'istio-cni-node' }

const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: account },
    rules: [
      { apiGroups: [''], resources: ['pods', 'nodes', 'namespaces'], verbs: reading },
      { apiGroups: ['apps'], resources: ['daemonsets'], verbs: reading },
      { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: account },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: account },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
  },
  // Its pod only waits: the DaemonSet is there because an agent without one takes itself for uninstalled.
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'istio-cni-node', namespace },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          tolerations: [{ operator: 'Exists' }],
          containers: [
            { name: 'install-cni', image: workloadImage, imagePullPolicy: 'Never', args: ['pause'] },
          ],
        },
      },
    },
  },
]

const askReadiness = `fetch('http://127.0.0.1:8000/readyz').then(
  async (reply) => { console.log(await reply.text()); process.exit(reply.ok ? 0 : 1) }, () => process.exit(1))`

export class NodeAgent {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Makes the agent's objects in the cluster and brings its token, as the kubelet does. */
  async deploy(): Promise<void> {
    await this.#cluster.apply(...objects)
    await this.bringToken()
  }

  async bringToken(): Promise<void> {
    const token = await this.#cluster.kubectl('-n', namespace, 'create', 'token', account)
    const directory = nodeFile(nodePaths.serviceAccount)
    await mkdir(directory, { recursive: true })
    await writeFile(`${directory}/namespace`, namespace)
    await writeFile(`${directory}/ca.crt`, await readFile(certificate('ca.crt')))
    await writeFile(`${directory}/token`, token.trim())
  }

  /** Starts it; does not wait until it is ready. */
  start(): Promise<void> {
    return start('agent', [process.execPath, ...nodeFlags, `${distDirectory}/install-cni.mjs`], {
      PATH: process.env.PATH ?? '',
      KUBERNETES_SERVICE_HOST: nodeIdentity.apiAddress,
      KUBERNETES_SERVICE_PORT: String(nodeIdentity.apiPort),
      NODE_NAME: nodeIdentity.name,
      POD_NAME: 'istio-cni-node-test',
      POD_NAMESPACE: namespace,
      MOUNTED_CNI_NET_DIR: nodePaths.netDir,
      MOUNTED_CNI_BIN_DIRS: nodePaths.binDir,
      MOUNTED_CNI_CACHE_DIRS: '/var/lib/cni',
      CNI_BIN_SOURCE_DIR: distDirectory,
      REQUIRE_HOST_MOUNTS: 'false',
    })
  }

  ready(): Promise<string> {
    return until(`the agent is ready (${logFile('agent')})`, () =>
      this.#cluster.exec(process.execPath, '-e', askReadiness),
    )
  }

  stop(signal: 'TERM' | 'KILL' = 'TERM'): Promise<void> {
    return stop('agent', signal)
  }

  async restart(signal: 'TERM' | 'KILL' = 'TERM'): Promise<void> {
    await this.stop(signal)
    await this.start()
    await this.ready()
  }
}
