// The built agent as a process of the node, with what its DaemonSet's pod would have.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { nodeFlags } from '@istio-install-cni/runtime'
import { distDirectory } from '../../scripts/tools.ts'
import { accountObjects, agentAccount, agentNamespace } from './agent-account.ts'
import { agentLabels, daemonSetName } from './agent-daemon-set.ts'
import { certificate } from './certificates.ts'
import type { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { inState, nodeIdentity, nodePaths, workloadImage } from './layout.ts'
import { nodeFile } from './node-namespace.ts'
import { logFile, start, stop } from './processes.ts'

const imageDirectory = inState('agent-image')

/** Its pod only waits: the DaemonSet is there because an agent without one takes itself for uninstalled. */
const daemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: daemonSetName, namespace: agentNamespace },
  spec: {
    selector: { matchLabels: agentLabels },
    template: {
      metadata: { labels: agentLabels },
      spec: {
        tolerations: [{ operator: 'Exists' }],
        containers: [
          { name: 'install-cni', image: workloadImage, imagePullPolicy: 'Never', args: ['pause'] },
        ],
      },
    },
  },
}

/** Prints status and body of what an address answers. */
const ask = `const reply = await fetch(process.argv[1])
console.log(reply.status, await reply.text())`

export class NodeAgent {
  readonly #cluster: Cluster
  readonly #settings: NodeJS.ProcessEnv

  /** @param settings beside those that every agent has here */
  constructor(cluster: Cluster, settings: NodeJS.ProcessEnv = {}) {
    this.#cluster = cluster
    this.#settings = settings
  }

  /**
   * Makes the agent's objects in the cluster and brings its token, as the kubelet does. The node runs a copy, as from an
   * image: a build meanwhile would pull the native module from under it.
   */
  async deploy(): Promise<void> {
    await rm(imageDirectory, { recursive: true, force: true })
    await cp(distDirectory, imageDirectory, { recursive: true })
    const ambient = { enabled: this.#settings.AMBIENT_ENABLED === 'true' }
    await this.#cluster.apply(...accountObjects({ ambient }), daemonSet)
    await this.bringToken()
  }

  /** @param token one that the API server issues now, when none is given. @returns it */
  async bringToken(token?: string): Promise<string> {
    const brought = (
      token ?? (await this.#cluster.kubectl('-n', agentNamespace, 'create', 'token', agentAccount))
    ).trim()
    const directory = nodeFile(nodePaths.serviceAccount)
    await mkdir(directory, { recursive: true })
    await writeFile(`${directory}/namespace`, agentNamespace)
    await writeFile(`${directory}/ca.crt`, await readFile(certificate('ca.crt')))
    await writeFile(`${directory}/token`, brought)
    return brought
  }

  /** Starts it; does not wait until it is ready. @param apiPort where it takes the API server to be */
  start(apiPort: number = nodeIdentity.apiPort): Promise<void> {
    return start('agent', [process.execPath, ...nodeFlags, `${imageDirectory}/install-cni.mjs`], {
      PATH: process.env.PATH ?? '',
      KUBERNETES_SERVICE_HOST: nodeIdentity.apiAddress,
      KUBERNETES_SERVICE_PORT: String(apiPort),
      NODE_NAME: nodeIdentity.name,
      POD_NAME: 'istio-cni-node-test',
      POD_NAMESPACE: agentNamespace,
      MOUNTED_CNI_NET_DIR: nodePaths.netDir,
      MOUNTED_CNI_BIN_DIRS: nodePaths.binDir,
      MOUNTED_CNI_CACHE_DIRS: '/var/lib/cni',
      CNI_BIN_SOURCE_DIR: imageDirectory,
      REQUIRE_HOST_MOUNTS: 'false',
      ...this.#settings,
    })
  }

  ready(): Promise<string> {
    return this.#answers(200, 'ready')
  }

  /** @returns why */
  unready(): Promise<string> {
    return this.#answers(503, 'unready')
  }

  /** @returns the series of its metrics, by name and labels as they are printed */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await this.#ask('http://127.0.0.1:15014/metrics')
    return new Map(
      [...text.matchAll(/^([^#\s]\S*) (\S+)$/gm)].map(([, series = '', value]) => [series, Number(value)]),
    )
  }

  hasZtunnels(count: number): Promise<boolean> {
    const connected = async () => (await this.metrics()).get('ztunnel_connected')
    return until(`so many ztunnels are connected: ${count}`, async () => (await connected()) === count)
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
      const answer = await this.#ask('http://127.0.0.1:8000/readyz')
      return answer.startsWith(String(status)) && answer
    })
  }

  #ask(url: string): Promise<string> {
    return this.#cluster.exec(process.execPath, '--input-type=module', '-e', ask, url)
  }
}
