// The built agent as a process of the node, with what its DaemonSet's pod would have.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { nodeFlags } from '@istio-install-cni/runtime'
import { distDirectory } from '../../scripts/tools.ts'
import { certificate } from './certificates.ts'
import type { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { inState, nodeIdentity, nodePaths, workloadImage } from './layout.ts'
import { nodeFile } from './node-namespace.ts'
import { logFile, start, stop } from './processes.ts'

const imageDirectory = inState('agent-image')
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

/** Prints status and body of the agent's readiness. */
const askReadiness = `const reply = await fetch('http://127.0.0.1:8000/readyz')
console.log(reply.status, await reply.text())`

export class NodeAgent {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /**
   * Makes the agent's objects in the cluster and brings its token, as the kubelet does. The node runs a copy, as from an
   * image: a build meanwhile would pull the native module from under it.
   */
  async deploy(): Promise<void> {
    await rm(imageDirectory, { recursive: true, force: true })
    await cp(distDirectory, imageDirectory, { recursive: true })
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
    return start('agent', [process.execPath, ...nodeFlags, `${imageDirectory}/install-cni.mjs`], {
      PATH: process.env.PATH ?? '',
      KUBERNETES_SERVICE_HOST: nodeIdentity.apiAddress,
      KUBERNETES_SERVICE_PORT: String(nodeIdentity.apiPort),
      NODE_NAME: nodeIdentity.name,
      POD_NAME: 'istio-cni-node-test',
      POD_NAMESPACE: namespace,
      MOUNTED_CNI_NET_DIR: nodePaths.netDir,
      MOUNTED_CNI_BIN_DIRS: nodePaths.binDir,
      MOUNTED_CNI_CACHE_DIRS: '/var/lib/cni',
      CNI_BIN_SOURCE_DIR: imageDirectory,
      REQUIRE_HOST_MOUNTS: 'false',
    })
  }

  ready(): Promise<string> {
    return this.#answers(200, 'ready')
  }

  /** @returns why */
  unready(): Promise<string> {
    return this.#answers(503, 'unready')
  }

  stop(signal: 'TERM' | 'KILL' = 'TERM'): Promise<void> {
    return stop('agent', signal)
  }

  async restart(signal: 'TERM' | 'KILL' = 'TERM'): Promise<void> {
    await this.stop(signal)
    await this.start()
    await this.ready()
  }

  #answers(status: number, what: string): Promise<string> {
    return until(`the agent is ${what} (${logFile('agent')})`, async () => {
      const node = [process.execPath, '--input-type=module', '-e', askReadiness]
      const answer = await this.#cluster.exec(...node)
      return answer.startsWith(String(status)) && answer
    })
  }
}
