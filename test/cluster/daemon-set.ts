// The agent as its DaemonSet: how it is deployed, how it fails and what it leaves on the node.
import { existsSync } from 'node:fs'
import { cp, readFile, rename, rm, stat } from 'node:fs/promises'
import type { IstioCniProps } from '@istio-install-cni/constructs'
import { distDirectory } from '../../scripts/tools.ts'
import { agentAccount, agentNamespace, namespaceObject } from './agent-account.ts'
import { agentLabels, agentObjects, daemonSetName } from './agent-daemon-set.ts'
import type { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { inState, nodePaths } from './layout.ts'
import { nodeFile } from './node-namespace.ts'

const agentDirectory = inState('daemon-set-image')
const program = `${agentDirectory}/install-cni.mjs`
const networkFile = `${nodePaths.netDir}/10-test.conflist`
const selector = Object.entries(agentLabels)
  .map(([name, value]) => `${name}=${value}`)
  .join(',')

interface AgentPod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string }
  readonly status: { readonly containerStatuses?: readonly ContainerStatus[] }
}

interface ContainerStatus {
  readonly ready: boolean
  readonly restartCount: number
  readonly containerID?: string
  readonly state: { readonly running?: object }
}

/** What of ours is on the node. */
export interface Installed {
  readonly configuration: boolean
  readonly kubeconfig: boolean
  readonly plugin: boolean
}

export class DaemonSet {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Makes the agent's objects; does not wait. The pod runs a copy of the build, as from an image. */
  async deploy(props: IstioCniProps = {}): Promise<void> {
    await rm(agentDirectory, { recursive: true, force: true })
    await cp(distDirectory, agentDirectory, { recursive: true })
    // One that a test changed would keep what `apply` does not know of.
    await this.#cluster.apply(namespaceObject)
    await this.kubectl('delete', 'daemonset', daemonSetName, '--ignore-not-found')
    await this.#cluster.apply(...agentObjects(agentDirectory, props))
  }

  /** Rolls it out with other props. */
  async change(props: IstioCniProps): Promise<void> {
    await this.#cluster.apply(...agentObjects(agentDirectory, props))
    await this.ready()
  }

  /** Everything that was asked for has happened: the newest pod runs and is ready, and it is the only one. */
  async ready(): Promise<void> {
    await this.kubectl('rollout', 'status', `daemonset/${daemonSetName}`, '--timeout=120s')
    await until('one pod of the agent is there, and ready', async () => {
      const [pod, ...others] = await this.#pods()
      return others.length === 0 && (pod?.status.containerStatuses?.[0]?.ready ?? false)
    })
  }

  restart(): Promise<string> {
    return this.kubectl('rollout', 'restart', `daemonset/${daemonSetName}`)
  }

  /** The kubelet's next start of the agent fails, and all others until it is mended. */
  breakProgram(): Promise<void> {
    return rename(program, `${program}.broken`)
  }

  /** A new pod, which the kubelet starts without the pauses that it makes for one that failed. */
  async mendProgram(): Promise<void> {
    await rename(`${program}.broken`, program)
    await this.kubectl('delete', 'pod', '-l', selector, '--wait=true')
    await this.ready()
  }

  /** As when the kernel runs out of memory: nothing is said to it and nothing is cleaned. */
  async kill(): Promise<void> {
    const id = (await this.#pods())[0]?.status.containerStatuses?.[0]?.containerID?.split('//')[1]
    if (id === undefined) throw new Error('the agent has no container')
    await this.#cluster.exec('ctr', '-n', 'k8s.io', 'tasks', 'kill', '--signal', 'SIGKILL', id)
    await until('the agent is dead', async () => {
      const status = (await this.#pods())[0]?.status.containerStatuses?.[0]
      return status?.containerID?.endsWith(id) !== true || status.state.running === undefined
    })
  }

  /** Its end is the end of the agent's uninstallation. */
  async delete(): Promise<void> {
    await this.kubectl('delete', 'daemonset', daemonSetName, '--wait=false')
    await this.gone()
  }

  /** As those do who uninstall it: rights and account go before the agent is told to stop. */
  async deleteEverything(): Promise<void> {
    const rights = [`clusterrolebinding/${agentAccount}`, `serviceaccount/${agentAccount}`]
    await this.kubectl('delete', `daemonset/${daemonSetName}`, ...rights, '--wait=false')
    await this.gone()
  }

  /** Its DaemonSet makes another one at once, while the old one still ends. */
  async deletePodByForce(): Promise<void> {
    await this.kubectl('delete', 'pod', '-l', selector, '--force', '--grace-period=0')
    await this.ready()
  }

  /** From now on it wants a label that no node has. */
  excludeNode(): Promise<string> {
    const template = { spec: { nodeSelector: { 'no-node-has': 'this' } } }
    return this.kubectl('patch', 'daemonset', daemonSetName, '-p', JSON.stringify({ spec: { template } }))
  }

  gone(): Promise<boolean> {
    return until('no pod of the agent is left', async () => (await this.#pods()).length === 0)
  }

  /** @returns the names of the agent's pods */
  async podNames(): Promise<string[]> {
    return (await this.#pods()).map(({ metadata }) => metadata.name)
  }

  logs(lines: number): Promise<string> {
    return this.kubectl('logs', `daemonset/${daemonSetName}`, `--tail=${lines}`)
  }

  async installed(): Promise<Installed> {
    return {
      configuration: (await this.networkConfiguration()).includes('"istio-cni"'),
      kubeconfig: existsSync(nodeFile(`${nodePaths.netDir}/ZZZ-istio-cni-kubeconfig`)),
      plugin: existsSync(nodeFile(`${nodePaths.binDir}/istio-cni`)),
    }
  }

  networkConfiguration(): Promise<string> {
    return readFile(nodeFile(networkFile), 'utf8')
  }

  /** Another one after every change of the node's network configuration. */
  async networkVersion(): Promise<string> {
    const { ino, mtimeNs } = await stat(nodeFile(networkFile), { bigint: true })
    return `${ino} ${mtimeNs}`
  }

  /** In the agent's namespace. @returns its stdout */
  kubectl(...args: string[]): Promise<string> {
    return this.#cluster.kubectl('-n', agentNamespace, ...args)
  }

  async #pods(): Promise<readonly AgentPod[]> {
    const json = await this.kubectl('get', 'pods', '-l', selector, '-o', 'json')
    return (JSON.parse(json) as { items: readonly AgentPod[] }).items
  }
}
