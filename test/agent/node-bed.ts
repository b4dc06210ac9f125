// One node for a test file: directories, an agent with free ports, pods in namespaces, a runtime that calls the chain.
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AgentProcess, startAgent } from '../testbed/agent-process.ts'
import type { ConfList, Sandbox } from '../testbed/chain.ts'
import { command } from '../testbed/commands.ts'
import { addInterface, createNetwork, type PodNetwork } from '../testbed/pod-network.ts'

const dist = join(import.meta.dirname, '../../dist')

/** As a plugin before ours would have answered for {@link NodeBed.createPod}'s interface. */
export const prevResult = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'eth0', sandbox: '/var/run/netns/pod' }],
  ips: [{ address: '10.77.0.2/16', gateway: '10.77.255.254', interface: 0 }],
}

/** Made by this process so far: each gets a name of its own. */
let networks = 0

export class NodeBed {
  readonly directory: string
  readonly ports: { readonly health: number; readonly monitoring: number }
  readonly #networks: PodNetwork[] = []
  readonly #agents: AgentProcess[] = []
  #pods: object[] = []
  /** The node's network namespace, if it is not this process's own. */
  readonly network: PodNetwork | undefined

  private constructor(directory: string, ports: NodeBed['ports'], network: PodNetwork | undefined) {
    this.directory = directory
    this.ports = ports
    this.network = network
    if (network !== undefined) this.#networks.push(network)
  }

  /** @param withNetwork the node gets a network namespace of its own, for what changes the node's rules */
  static async create({ withNetwork = false } = {}): Promise<NodeBed> {
    const directory = await mkdtemp(join(tmpdir(), 'agent-test-'))
    const network = withNetwork ? await createNetwork(`agt${process.pid}-${++networks}`) : undefined
    const bed = new NodeBed(directory, { health: await freePort(), monitoring: await freePort() }, network)
    for (const path of [bed.netDir, bed.binDir, bed.podsDir]) await mkdir(path, { recursive: true })
    await writeFile(
      join(bed.netDir, '10-test.conflist'),
      JSON.stringify({ cniVersion: '1.0.0', name: 'test', plugins: [{ type: 'first' }] }),
    )
    return bed
  }

  get netDir(): string {
    return join(this.directory, 'net.d')
  }

  get binDir(): string {
    return join(this.directory, 'bin')
  }

  get runDir(): string {
    return join(this.directory, 'run')
  }

  get podsDir(): string {
    return join(this.directory, 'pods')
  }

  /** Starts an agent; does not wait for it. @param serviceAccount directory of its account's files, if it has one */
  agent(
    settings: Readonly<Record<string, string>> = {},
    args: readonly string[] = [],
    serviceAccount?: string,
  ): AgentProcess {
    const agent = startAgent(
      {
        MOUNTED_CNI_NET_DIR: this.netDir,
        MOUNTED_CNI_BIN_DIRS: this.binDir,
        MOUNTED_CNI_CACHE_DIRS: join(this.directory, 'cache'),
        CNI_BIN_SOURCE_DIR: dist,
        CNI_AGENT_RUN_DIR: this.runDir,
        PODS_FROM: this.podsDir,
        REQUIRE_HOST_MOUNTS: 'false',
        HEALTH_PORT: String(this.ports.health),
        MONITORING_PORT: String(this.ports.monitoring),
        ...settings,
      },
      args,
      this.network?.path,
      serviceAccount,
    )
    this.#agents.push(agent)
    return agent
  }

  /** Makes the agent know a pod: its sandbox's namespace has eth0 with this address, as {@link prevResult} says. */
  async createPod(
    name: string,
    metadata: object = {},
    isMeshed = true,
    address = '10.77.0.2/16',
  ): Promise<Sandbox> {
    const network = await createNetwork(`agt${process.pid}-${++networks}`)
    this.#networks.push(network)
    await addInterface(network, 'eth0', address)
    this.#pods.push(podManifest(name, metadata, isMeshed))
    await this.#writeManifest('pods.json', { kind: 'List', items: this.#pods })
    return {
      containerId: name,
      netns: network.path,
      ifname: 'eth0',
      pod: { namespace: 'shop', name, uid: `uid-${name}` },
    }
  }

  /** Makes the agent know the namespace of all pods with these labels. */
  async labelNamespace(labels: Readonly<Record<string, string>>): Promise<void> {
    const metadata = { name: 'shop', labels }
    await this.#writeManifest('namespace.json', { apiVersion: 'v1', kind: 'Namespace', metadata })
  }

  /** The agent never sees a file that is half written. */
  async #writeManifest(name: string, manifest: object): Promise<void> {
    await writeFile(join(this.directory, name), JSON.stringify(manifest))
    await rename(join(this.directory, name), join(this.podsDir, name))
  }

  /** Our part of the chain alone, as the agent installed it. */
  async ourChain(): Promise<ConfList> {
    const list = JSON.parse(await readFile(join(this.netDir, '10-test.conflist'), 'utf8')) as ConfList
    return { ...list, plugins: list.plugins.filter(({ type }) => type === 'istio-cni') }
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) await agent.stop('SIGKILL')
    for (const network of this.#networks) await network.remove()
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** Rules in the sandbox's namespace, as iptables-save prints them. */
export function rulesIn(sandbox: Sandbox): Promise<string> {
  return command('nsenter', `--net=${sandbox.netns}`, 'iptables-save')
}

function podManifest(name: string, metadata: object, isMeshed: boolean): object {
  const proxy = {
    name: 'istio-proxy',
    image: 'proxy',
    args: ['proxy', 'sidecar'],
    securityContext: { runAsUser: 1337 },
  }
  const { annotations = {}, ...rest } = metadata as { annotations?: object }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      ...rest,
      annotations: { ...(isMeshed && { 'sidecar.istio.io/status': '{}' }), ...annotations },
    },
    spec: { containers: [{ name: 'app', image: 'app' }, ...(isMeshed ? [proxy] : [])] },
  }
}

/** Below the range from which the kernel takes ports for outgoing connections: nobody gets it in the meantime. */
export function freePort(): Promise<number> {
  const port = 10_240 + Math.floor(Math.random() * 20_000)
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(freePort()))
    server.listen(port, () => server.close(() => resolve(port)))
  })
}
