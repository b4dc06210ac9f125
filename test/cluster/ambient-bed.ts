// A node in ambient mode: the cluster, the agent as a process of the node, and what stands for ztunnel.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PROBE_IP_SET } from '@istio-install-cni/config-schema'
import { describe } from 'vitest'
import { waysIn, type ZtunnelEvent } from '../ztunnel/events.ts'
import { Ztunnel } from '../ztunnel/stand-in.ts'
import { dataplaneMode, type MeshPod, MeshPods } from './ambient-pods.ts'
import { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { nodeIdentity } from './layout.ts'
import { NodeAgent } from './node-agent.ts'
import { nodeFile, nodePid, onNode } from './node-namespace.ts'
import { logFile } from './processes.ts'
import { sandboxOf } from './sandboxes.ts'
import { Workloads } from './workloads.ts'

const socketPath = '/run/ztunnel/ztunnel.sock'
const outside = `${nodeIdentity.address}:7000`

/** What takes ztunnel's word for what it serves, or needs it to know a pod that came after it: a real one needs a control plane for that. */
export const describeWithStandIn = describe.runIf(Ztunnel.tells)

export class AmbientBed {
  readonly cluster: Cluster
  readonly pods: MeshPods
  #agent: NodeAgent
  #ztunnel: Ztunnel | undefined
  /** The one before, while there are two. */
  #former: Ztunnel | undefined
  /** Everything that any ztunnel told. */
  readonly events: ZtunnelEvent[] = []

  private constructor(cluster: Cluster) {
    this.cluster = cluster
    this.pods = new MeshPods(cluster)
    this.#agent = this.#agentWith({})
  }

  /** With an agent and a ztunnel. */
  static async create(): Promise<AmbientBed> {
    const bed = await AmbientBed.createBare()
    await bed.agent.deploy()
    await bed.agent.start()
    await bed.startZtunnel()
    await bed.agent.ready()
    return bed
  }

  static async createBare(): Promise<AmbientBed> {
    const cluster = await Cluster.prepare()
    await cluster.down()
    await cluster.up()
    await new Workloads(cluster).watchOutside()
    return new AmbientBed(cluster)
  }

  get agent(): NodeAgent {
    return this.#agent
  }

  async close(): Promise<void> {
    await this.stopZtunnel()
    await this.cluster.down()
  }

  /** Resolves when it was told everything. */
  async startZtunnel(): Promise<Ztunnel> {
    this.#ztunnel = await Ztunnel.start({
      socketPath: nodeFile(socketPath),
      namespace: `/proc/${nodePid()}/ns/net`,
      journal: this.events,
      pods: await this.pods.accounts(),
    })
    if (Ztunnel.tells) await this.#ztunnel.until(({ event }) => event === 'snapshot-sent')
    else await this.agent.hasZtunnels(this.#former === undefined ? 1 : 2)
    return this.#ztunnel
  }

  /** As when it is killed: with it end the connections through it. */
  async stopZtunnel(): Promise<void> {
    for (const ztunnel of [this.#former, this.#ztunnel]) await ztunnel?.[Symbol.asyncDispose]()
    this.#former = undefined
    this.#ztunnel = undefined
  }

  /**
   * Another ztunnel beside the one that runs, as when its DaemonSet is rolled out.
   * @returns both; the former goes on until it is told to end
   */
  async startNextZtunnel(): Promise<{ former: Ztunnel; next: Ztunnel }> {
    const former = this.#ztunnel
    if (former === undefined) throw new Error('there is no ztunnel')
    this.#former = former
    return { former, next: await this.startZtunnel() }
  }

  /** Another agent in the place of the one that runs. */
  async replaceAgent(settings: NodeJS.ProcessEnv): Promise<void> {
    await this.#agent.stop()
    this.#agent = this.#agentWith(settings)
    await this.#agent.start()
    await this.#agent.ready()
  }

  /** After a power failure: the kubelet has started, the agent and ztunnel have not. */
  async reboot(): Promise<void> {
    await this.stopZtunnel()
    await this.cluster.reboot()
    await new Workloads(this.cluster).watchOutside()
    await this.#agent.bringToken()
  }

  /** What the present ztunnel told since it, or the agent, last connected: a snapshot, and what came later. */
  get eventsSinceConnected(): readonly ZtunnelEvent[] {
    const events = this.#ztunnel?.events ?? []
    return events.slice(events.findLastIndex(({ event }) => event === 'connected'))
  }

  /** Resolves when ztunnel has been told everything anew. @param earlier events before the reason for it */
  async toldAnew(earlier: number): Promise<readonly string[]> {
    const isSent = ({ event }: ZtunnelEvent) => event === 'snapshot-sent'
    await until('ztunnel is told everything anew', async () => this.events.slice(earlier).some(isSent))
    const events = this.eventsSinceConnected
    return events.slice(0, events.findIndex(isSent)).flatMap((each) => ('uid' in each ? [each.uid] : []))
  }

  deletions(earlier = 0): readonly string[] {
    return this.events.slice(earlier).flatMap((each) => (each.event === 'del' ? [each.uid] : []))
  }

  setMesh(namespace: string, isInMesh: boolean): Promise<string> {
    const label = isInMesh ? `${dataplaneMode}=ambient` : `${dataplaneMode}-`
    return this.cluster.kubectl('label', 'namespace', namespace, label)
  }

  /** Rules in the network namespaces of the node's pods, by the pod's address. */
  async rules(
    program: 'iptables-save' | 'ip6tables-save' | 'nft list ruleset' = 'iptables-save',
  ): Promise<ReadonlyMap<string, string>> {
    const script = `for netns in /run/netns/*; do
      echo "@$(nsenter --net=$netns ip -4 -o address show dev eth0 | sed 's/.*inet \\([0-9.]*\\).*/\\1/')"
      nsenter --net=$netns ${program}
    done`
    const sections = (await this.cluster.exec('sh', '-c', script)).split(/^@/m).slice(1)
    return new Map(
      sections.map((section) => {
        const [address = '', ...lines] = section.split('\n')
        return [address, lines.join('\n')]
      }),
    )
  }

  /** Addresses whose probes get an address of their own, with the uid of the pod. Nobody needs to have the tool for it. */
  async probed(): Promise<ReadonlyMap<string, string>> {
    const file = join(import.meta.dirname, '../../packages/runtime/src/netns/ip-set.ts')
    const script = `import { ipSetMembers } from ${JSON.stringify(file)}
      console.log(JSON.stringify([...(ipSetMembers('${PROBE_IP_SET}-v4') ?? [])]))`
    return new Map(
      JSON.parse(await this.cluster.exec(process.execPath, '--input-type=module-typescript', '-e', script)),
    )
  }

  /** The command that starts another one on the node. */
  get onNode(): readonly string[] {
    const [file, args] = onNode('env')
    return [file, ...args]
  }

  /** The same in the pod's network namespace. */
  async inside({ name }: MeshPod): Promise<readonly string[]> {
    const { netns } = await sandboxOf(this.cluster, name)
    const [file, args] = onNode('nsenter', `--net=${netns}`)
    return [file, ...args]
  }

  /** Everything that being in the mesh consists of. @returns what is missing */
  async missing(...pods: readonly MeshPod[]): Promise<readonly string[]> {
    const [rules, probed] = await Promise.all([this.rules(), this.probed()])
    return pods.flatMap(({ name, uid, address, mark }) => [
      ...(isRedirecting(rules.get(address)) ? [] : [`rules in ${name}`]),
      ...(probed.get(address) === uid ? [] : [`probes of ${name}`]),
      ...(mark === 'enabled' ? [] : [`the annotation of ${name}`]),
      ...(this.#isServed(uid) ? [] : [`ztunnel in ${name}`]),
    ])
  }

  /** Waits until nothing is missing. */
  async enrolled(...pods: readonly MeshPod[]): Promise<void> {
    await until(`these are in the mesh: ${pods.map(({ name }) => name).join(', ')}`, async () => {
      const missing = await this.missing(...(await this.pods.now(...pods)))
      if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`)
      return true
    })
  }

  /** Waits until connections have gone these ways, see {@link waysIn}. @param earlier events before them */
  async gone(earlier: number, ...expected: readonly string[]): Promise<void> {
    const went = async () => {
      const ways = waysIn(this.events.slice(earlier))
      return expected.every((way) => ways.includes(way))
    }
    await until(`connections went their way: ${expected.join(', ')}`, went, 5_000)
  }

  /** One connection between pods of the mesh, by its whole way. */
  async tunnel(from: MeshPod, to: MeshPod): Promise<void> {
    const earlier = this.events.length
    const answer = await this.pods.ask(from, to.address)
    if (answer !== 'app:8080') throw new Error(`${to.name} answered ${from.name}: ${answer}`)
    await this.gone(
      earlier,
      `15001 tunnel in ${from.uid}: ${from.address} → ${to.address}:8080`,
      `15008 application in ${to.uid}: ${from.address} → ${to.address}:8080`,
    )
  }

  /** @returns what is left of being in the mesh */
  async left(...pods: readonly MeshPod[]): Promise<readonly string[]> {
    const [rules, probed] = await Promise.all([this.rules(), this.probed()])
    return pods.flatMap(({ name, uid, address, mark }) => [
      ...(/ISTIO|15001|15008/.test(rules.get(address) ?? 'ISTIO') ? [`rules in ${name}`] : []),
      ...(probed.has(address) ? [`probes of ${name}`] : []),
      ...(mark === undefined ? [] : [`the annotation of ${name}`]),
      ...(this.#isServed(uid) ? [`ztunnel in ${name}`] : []),
    ])
  }

  /** Of the pod's connections to the outside, those that did not go by way of ztunnel. */
  async unredirected({ uid, address }: MeshPod): Promise<number> {
    const log = await readFile(logFile('outside'), 'utf8')
    const arrived = log.split('\n').filter((line) => line.endsWith(` from ${address}`)).length
    return arrived - this.#passed({ uid, address })
  }

  /** An application connects to the outside as the first thing that it does. */
  async firstConnection(pod: MeshPod): Promise<void> {
    await until(`the first connection of ${pod.name}`, async () => this.#passed(pod) > 0, 20_000)
  }

  #passed({ uid, address }: Pick<MeshPod, 'uid' | 'address'>): number {
    return this.events.filter(
      (each) =>
        each.event === 'connection' &&
        each.port === 15001 &&
        each.uid === uid &&
        each.from.startsWith(`${address}:`) &&
        each.to === outside,
    ).length
  }

  #isServed(uid: string): boolean {
    const about = this.eventsSinceConnected.filter(
      (each) => (each.event === 'add' && each.error === '') || each.event === 'del' || each.event === 'keep',
    )
    const last = about.findLast((each) => 'uid' in each && each.uid === uid)
    return last !== undefined && last.event !== 'del'
  }

  #agentWith(settings: NodeJS.ProcessEnv): NodeAgent {
    return new NodeAgent(this.cluster, {
      AMBIENT_ENABLED: 'true',
      ZTUNNEL_UDS_ADDRESS: socketPath,
      LOG_LEVEL: 'debug',
      ...settings,
    })
  }
}

const isRedirecting = (rules = ''): boolean =>
  ['15001', '15006', '15008'].every((port) => rules.includes(port))
