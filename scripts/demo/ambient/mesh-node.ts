import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentProcess } from '../../../test/testbed/agent-process.ts'
import { command } from '../../../test/testbed/commands.ts'
import type { ZtunnelEvent } from '../../../test/ztunnel/events.ts'
import { Ztunnel } from '../../../test/ztunnel/stand-in.ts'
import { type NodeDirectories, startAgentOn } from '../node-in-a-box.ts'
import type { MeshPod } from './mesh-pod.ts'

/** The answer of the stand-in to every DNS question. */
export const ztunnelsDnsAnswer = '240.240.0.1'
const ambient = { 'istio.io/dataplane-mode': 'ambient' }

/** The node with its agent and ztunnel; the files that stand for the API server. */
export class MeshNode {
  readonly agent: AgentProcess
  readonly #node: NodeDirectories
  readonly #ztunnel: Ztunnel
  readonly #pods = new Set<MeshPod>()

  private constructor(node: NodeDirectories, agent: AgentProcess, ztunnel: Ztunnel) {
    this.#node = node
    this.agent = agent
    this.#ztunnel = ztunnel
  }

  static async start(node: NodeDirectories, nativeNftables: boolean): Promise<MeshNode> {
    const socketPath = join(node.run, 'ztunnel.sock')
    for (const name of ['shop', 'legacy']) await writeNamespace(node, name, {})
    const agent = startAgentOn(node, nativeNftables, {
      AMBIENT_ENABLED: 'true',
      ZTUNNEL_UDS_ADDRESS: socketPath,
    })
    await agent.ready()
    const ztunnel = await Ztunnel.start({ socketPath, dns: ztunnelsDnsAnswer })
    await ztunnel.until(({ event }) => event === 'snapshot-sent')
    return new MeshNode(node, agent, ztunnel)
  }

  async labelNamespace(name: string, isAmbient: boolean): Promise<void> {
    await writeNamespace(this.#node, name, isAmbient ? ambient : {})
  }

  /** ADD, with the pod in the API before it and its address after it. @returns milliseconds that our plugin took */
  async startPod(pod: MeshPod): Promise<number> {
    const index = this.#pods.size
    this.#pods.add(pod)
    await this.#tellPods()
    const ms = await pod.start(index)
    await this.#tellPods()
    return ms
  }

  async stopPods(): Promise<void> {
    for (const pod of this.#pods) await pod.stop()
    this.#pods.clear()
    await this.#tellPods()
  }

  /** Waits until ztunnel was told of the pod. */
  async untilTold(kind: 'add' | 'del', { pod }: MeshPod): Promise<void> {
    await this.#ztunnel.until((event) => event.event === kind && event.uid === pod.uid)
  }

  /** What ztunnel has told since the last time. */
  taken(): Promise<readonly ZtunnelEvent[]> {
    return this.#ztunnel.taken()
  }

  /** What is in the node's own network of Istio's rules, of either back-end. */
  async hasRules(): Promise<boolean> {
    const saved = await command('iptables-save').catch(() => '')
    const listed = await command('nft', 'list', 'ruleset').catch(() => '')
    return /istio/i.test(saved + listed)
  }

  async stop(): Promise<number | null> {
    const exitCode = await this.agent.stop()
    await this.#ztunnel[Symbol.asyncDispose]()
    return exitCode
  }

  async #tellPods(): Promise<void> {
    const items = [...this.#pods].map((pod) => pod.manifest())
    await writeWhole(this.#node, 'pods.json', { apiVersion: 'v1', kind: 'List', items })
  }
}

const writeNamespace = (node: NodeDirectories, name: string, labels: object): Promise<void> =>
  writeWhole(node, `namespace-${name}.json`, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
  })

/** The agent, which watches the directory, never sees half a file. */
async function writeWhole(node: NodeDirectories, name: string, object: object): Promise<void> {
  const unfinished = join(node.pods, '..', name)
  await writeFile(unfinished, JSON.stringify(object))
  await rename(unfinished, join(node.pods, name))
}
