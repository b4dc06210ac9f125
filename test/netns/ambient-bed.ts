import { closeSync, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../../packages/runtime/src/log.ts'
import type { AmbientRedirection } from '../../packages/runtime/src/mesh/ambient-redirection.ts'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { ambientRules } from '../../packages/runtime/src/rules/ambient.ts'
import { iptablesProgram } from '../../packages/runtime/src/rules/iptables.ts'
import { nftProgram } from '../../packages/runtime/src/rules/nft.ts'
import { type ZdsWorkload, ZtunnelServer } from '../../packages/runtime/src/ztunnel/index.ts'
import { command } from '../testbed/commands.ts'
import { Endpoint } from '../testbed/endpoint-process.ts'
import { Ztunnel } from '../ztunnel/stand-in.ts'
import { ScratchNetwork } from './scratch-network.ts'
import type { BackendName } from './traffic-bed.ts'

export const probe = { ipv4: '169.254.7.127', ipv6: 'fd16:9254:7127:1337:ffff:ffff:ffff:ffff' } as const
export const dnsAnswer = '240.240.0.9'
/** An address of the node, which is no pod. */
export const world = { ipv4: '10.99.0.1', ipv6: 'fd00:99::1' } as const

type PodName = 'one' | 'two' | 'plain'
const podNames = ['one', 'two', 'plain'] as const
const subnets: Readonly<Record<PodName, number>> = { one: 81, two: 82, plain: 83 }

export const addressOf = (pod: PodName): Readonly<{ ipv4: string; ipv6: string }> => ({
  ipv4: `10.${subnets[pod]}.0.2`,
  ipv6: `fd00:${subnets[pod]}::2`,
})

/** A node with three pods, of which `one` and `two` may join the mesh, and its ztunnel. */
export class AmbientBed implements AsyncDisposable {
  readonly node: ScratchNetwork
  readonly pods: Readonly<Record<PodName, ScratchNetwork>>
  readonly apps: Readonly<Record<PodName | 'node', Endpoint>>
  readonly server: ZtunnelServer
  ztunnel: Ztunnel
  readonly directory: string
  readonly #joined: Map<PodName, ZdsWorkload>
  readonly #namespaces = {
    nft: new NetworkNamespaces({ iptables: 'nft' }),
    legacy: new NetworkNamespaces({ iptables: 'legacy' }),
  }

  private constructor(
    parts: Pick<AmbientBed, 'node' | 'pods' | 'server' | 'ztunnel' | 'directory'>,
    joined: Map<PodName, ZdsWorkload>,
  ) {
    this.node = parts.node
    this.pods = parts.pods
    this.server = parts.server
    this.ztunnel = parts.ztunnel
    this.directory = parts.directory
    this.#joined = joined
    const app = (network: ScratchNetwork) => new Endpoint(network.name)
    const { one, two, plain } = parts.pods
    this.apps = { one: app(one), two: app(two), plain: app(plain), node: app(parts.node) }
  }

  static async create(): Promise<AmbientBed> {
    const directory = await mkdtemp(join(tmpdir(), 'ambient-'))
    const node = await ScratchNetwork.create(`
      sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0
      for address in ${world.ipv4}/32 ${probe.ipv4}/32; do ip addr add $address dev lo; done
      for address in ${world.ipv6}/128 ${probe.ipv6}/128; do ip addr add $address dev lo nodad; done`)
    const [one, two, plain] = await Promise.all(podNames.map((pod) => createPod(pod, node)))
    if (!one || !two || !plain) throw new Error('a pod is missing')
    const joined = new Map<PodName, ZdsWorkload>()
    const server = new ZtunnelServer({
      socketPath: socketIn(directory),
      workloads: () => [...joined.values()],
      log: createLogger('ztunnel', 'none', true),
      observer: { connectionsChanged() {}, newestGone() {}, snapshotAcked() {}, acked() {}, failed() {} },
    })
    await server.start()
    const ztunnel = await startZtunnel(directory, node)
    const bed = new AmbientBed({ directory, node, pods: { one, two, plain }, server, ztunnel }, joined)
    await Promise.all(
      podNames.map((pod) => bed.apps[pod].listen({ host: '::', ports: [8080, 9090], says: pod })),
    )
    await bed.apps.node.listen({ host: '::', ports: [8080], says: 'node' })
    return bed
  }

  /** Redirects the pod and tells ztunnel, as the agent does. */
  async join(
    pod: 'one' | 'two',
    backend: BackendName,
    changes: Partial<AmbientRedirection> = {},
  ): Promise<void> {
    await this.leave(pod)
    const { path } = this.pods[pod]
    const rules = ambientRules({
      dnsCapture: true,
      bypassInbound: false,
      rerouteInterfaces: [],
      ipv6: true,
      probeAddress: probe,
      ...changes,
    })
    await this.#of(backend).applyRules(path, backend === 'nft' ? nftProgram(rules) : iptablesProgram(rules))
    const workload = {
      uid: pod,
      ...identityOf(pod),
      netns: openSync(path, 'r'),
    }
    this.#joined.set(pod, workload)
    await this.server.add(workload)
  }

  async leave(pod: 'one' | 'two'): Promise<void> {
    const workload = this.#joined.get(pod)
    if (workload === undefined) return
    this.#joined.delete(pod)
    for (const namespaces of Object.values(this.#namespaces))
      await namespaces.removeRules(this.pods[pod].path)
    await this.server.remove(workload.uid)
    closeSync(workload.netns)
  }

  /** The old one dies before the new one starts. */
  async replaceZtunnel(): Promise<void> {
    await this.ztunnel[Symbol.asyncDispose]()
    this.ztunnel = await startZtunnel(this.directory, this.node)
  }

  /** A connection of the node from a source of its choice: what the kubelet's probes look like to a pod. */
  connectFrom(source: string, host: string, port: number): Promise<string> {
    const program = `require('node:net').connect({ host: '${host}', port: ${port}, localAddress: '${source}' })
      .setTimeout(3000, () => process.exit(1)).pipe(process.stdout)`
    return command('ip', 'netns', 'exec', this.node.name, process.execPath, '-e', program)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const app of Object.values(this.apps)) app.stop()
    await this.ztunnel[Symbol.asyncDispose]()
    await this.server.close()
    for (const { netns } of this.#joined.values()) closeSync(netns)
    await Promise.all(Object.values(this.#namespaces).map((namespaces) => namespaces.close()))
    for (const network of [this.node, ...Object.values(this.pods)]) await network[Symbol.asyncDispose]()
    await rm(this.directory, { recursive: true })
  }

  #of(backend: BackendName): NetworkNamespaces {
    return this.#namespaces[backend === 'iptables-legacy' ? 'legacy' : 'nft']
  }
}

const socketIn = (directory: string): string => join(directory, 'ztunnel.sock')

const startZtunnel = (directory: string, node: ScratchNetwork): Promise<Ztunnel> =>
  Ztunnel.start({
    socketPath: socketIn(directory),
    namespace: node.name,
    dns: dnsAnswer,
    pods: (['one', 'two'] as const).map((name) => ({
      ...identityOf(name),
      addresses: Object.values(addressOf(name)),
    })),
  })

const identityOf = (name: string) => ({ name, namespace: 'mesh', serviceAccount: 'default' })

async function createPod(pod: PodName, node: ScratchNetwork): Promise<ScratchNetwork> {
  const network = await ScratchNetwork.create('sysctl -qw net.ipv6.conf.default.accept_dad=0')
  const { ipv4, ipv6 } = addressOf(pod)
  const subnet = subnets[pod]
  const ends = [
    'eth0',
    'netns',
    network.name,
    'type',
    'veth',
    'peer',
    'name',
    `to-${pod}`,
    'netns',
    node.name,
  ]
  await command('ip', 'link', 'add', ...ends)
  await node.shell(`
    ip addr add 10.${subnet}.0.1/24 dev to-${pod}; ip addr add fd00:${subnet}::1/64 dev to-${pod} nodad
    ip link set to-${pod} up`)
  await network.shell(`
    ip addr add ${ipv4}/24 dev eth0; ip addr add ${ipv6}/64 dev eth0 nodad; ip link set eth0 up
    ip route add default via 10.${subnet}.0.1; ip -6 route add default via fd00:${subnet}::1`)
  return network
}
