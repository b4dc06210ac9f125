// The agent as helm installs it from our chart, in an image that has everything the agent needs.
import { readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../../scripts/tools.ts'
import { agentNamespace } from './agent-account.ts'
import { daemonSetName } from './agent-daemon-set.ts'
import { importAgentImage } from './agent-image.ts'
import type { Cluster } from './cluster.ts'
import { DaemonSet } from './daemon-set.ts'
import { nodeFile } from './node-namespace.ts'

export const chartDirectory = join(root, 'charts/istio-cni')
const repository = 'dhi.io/istio-install-cni'
const tag = '1.30.3'
export const agentImage = `${repository}:${tag}`

/** The guide's. */
const guideValues = [
  `cni.image=${repository}`,
  `cni.tag=${tag}`,
  'global.imagePullSecrets[0]=dhi-pull-secret',
]

/** What the kernel lets the agent do, by the names that /proc/PID/status has. */
export interface Confinement {
  readonly capabilities: readonly string[]
  readonly seccomp: 'none' | 'filter'
  readonly noNewPrivileges: boolean
  readonly readOnlyRoot: boolean
  readonly hostNetwork: boolean
}

export class HelmRelease {
  readonly daemonSet: DaemonSet
  readonly #cluster: Cluster

  private constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.daemonSet = new DaemonSet(cluster)
  }

  /** With the image on the node, and the namespace; nothing is installed. */
  static async prepare(cluster: Cluster): Promise<HelmRelease> {
    await importAgentImage(cluster, agentImage)
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: agentNamespace } })
    return new HelmRelease(cluster)
  }

  /** Installs or changes it, and waits until it is ready. @param values beside the guide's, as after `--set` */
  async deploy(values: readonly string[] = [], chart = chartDirectory): Promise<void> {
    const set = [...guideValues, ...values].flatMap((value) => ['--set', value])
    await this.helm('upgrade', '--install', 'istio-cni', chart, ...set)
    await this.daemonSet.ready()
  }

  /** Resolves when the agent is gone, too. */
  async uninstall(): Promise<void> {
    await this.helm('uninstall', 'istio-cni')
    await this.daemonSet.gone()
  }

  /** In the agent's namespace. @returns its stdout */
  helm(...args: readonly string[]): Promise<string> {
    return this.#cluster.exec('helm', ...args, '-n', agentNamespace)
  }

  async confinement(): Promise<Confinement> {
    const pid = await this.#agentPid()
    const status = await readFile(nodeFile(`/proc/${pid}/status`), 'utf8')
    const mounts = await readFile(nodeFile(`/proc/${pid}/mounts`), 'utf8')
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? ''
    const network = (process: string) => readlink(nodeFile(`/proc/${process}/ns/net`))
    return {
      capabilities: capabilityNames(BigInt(`0x${field('CapBnd')}`)),
      seccomp: field('Seccomp') === '2' ? 'filter' : 'none',
      noNewPrivileges: field('NoNewPrivs') === '1',
      readOnlyRoot: / \/ \S+ ro,/.test(mounts),
      hostNetwork: (await network(pid)) === (await network('1')),
    }
  }

  async #agentPid(): Promise<string> {
    const [name = ''] = await this.daemonSet.podNames()
    const path = 'jsonpath={.status.containerStatuses[0].containerID}'
    const id = await this.daemonSet.kubectl('get', 'pod', name, '-o', path)
    const tasks = await this.#cluster.exec('ctr', '--namespace', 'k8s.io', 'tasks', 'ls')
    const pid = new RegExp(`^${id.split('//')[1]}\\s+(\\d+)`, 'm').exec(tasks)?.[1]
    if (pid === undefined) throw new Error(`${daemonSetName} has no running container`)
    return pid
  }
}

/** linux/capability.h: those that anything here may have, and one that nothing should. */
const capabilities: Readonly<Record<number, string>> = {
  1: 'DAC_OVERRIDE',
  12: 'NET_ADMIN',
  13: 'NET_RAW',
  16: 'SYS_MODULE',
  19: 'SYS_PTRACE',
  21: 'SYS_ADMIN',
}

function capabilityNames(set: bigint): readonly string[] {
  const bits = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (set >> BigInt(bit)) & 1n)
  return bits.map((bit) => capabilities[bit] ?? `capability ${bit}`).sort()
}
