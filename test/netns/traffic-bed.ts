import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { command } from '../testbed/commands.ts'
import { Endpoint } from '../testbed/endpoint-process.ts'
import { type PodOptions, programsFor, sidecarPod } from './programs.ts'
import { ScratchNetwork } from './scratch-network.ts'

/** Users of the processes in the pod. The second proxy stands for one whose container names its own user. */
export const uid = { proxy: 1337, app: 2000, otherProxy: 2500 } as const

/** Where things are. The world is one hop away; its second and third address are reached through the first. */
export const address = {
  pod: '10.77.0.2',
  pod6: 'fd00:77::2',
  podSecond: '10.78.0.2',
  world: '10.77.0.1',
  world6: 'fd00:77::1',
  near: '10.88.0.1',
  far: '10.99.0.1',
  far6: 'fd00:99::1',
  second: '10.78.0.1',
} as const

export type BackendName = 'nft' | 'iptables-nft' | 'iptables-legacy'

/** A pod with an app and a proxy, a second network attachment, and the world outside. */
export class TrafficBed implements AsyncDisposable {
  readonly pod: ScratchNetwork
  readonly world: ScratchNetwork
  readonly app: Endpoint
  readonly proxy: Endpoint
  readonly otherProxy: Endpoint
  readonly outside: Endpoint
  readonly #namespaces = {
    nft: new NetworkNamespaces({ iptables: 'nft' }),
    legacy: new NetworkNamespaces({ iptables: 'legacy' }),
  }
  #transparent: ChildProcess | undefined

  private constructor(pod: ScratchNetwork, world: ScratchNetwork) {
    this.pod = pod
    this.world = world
    this.app = new Endpoint(pod.name, uid.app)
    this.proxy = new Endpoint(pod.name, uid.proxy)
    this.otherProxy = new Endpoint(pod.name, uid.otherProxy)
    this.outside = new Endpoint(world.name)
  }

  /** `transparent`: the proxy's inbound listener is one that TPROXY can deliver to. */
  static async create(inbound: 'plain' | 'transparent'): Promise<TrafficBed> {
    const world = await ScratchNetwork.create()
    const pod = await ScratchNetwork.create()
    await cable(pod, world)
    const bed = new TrafficBed(pod, world)
    await Promise.all([
      bed.app.listen({ host: '::', ports: [8080, 9090, 15008, 15020, 15021], says: 'app' }),
      bed.outside.listen({ host: '::', ports: [53, 80, 3306, 5432, 15020], says: 'world' }),
      bed.outside.answerDns({ host: address.near, port: 53, address: '9.9.9.9' }),
      bed.proxy.listen({ host: '::', ports: [15001], says: 'outbound' }),
      bed.proxy.listen({ host: '::', ports: [15053], says: 'dns' }),
      bed.proxy.answerDns({ host: '127.0.0.1', port: 15053, address: '1.2.3.4' }),
      inbound === 'plain'
        ? bed.proxy.listen({ host: '::', ports: [15006], says: 'inbound' })
        : bed.#listenTransparently(),
    ])
    return bed
  }

  /** Gives the pod the rules of these annotations and settings, whatever it had before. */
  async redirect(
    backend: BackendName,
    options: PodOptions,
    addresses: readonly string[] = [`${address.pod}/24`],
  ): Promise<void> {
    const programs = programsFor(sidecarPod(options), addresses)
    const namespaces = this.#namespaces[backend === 'iptables-legacy' ? 'legacy' : 'nft']
    await namespaces.applyRules(this.pod.path, backend === 'nft' ? programs.nft : programs.iptables)
  }

  /** A connection of a process of that user in the pod, from a source address of its choice. */
  connectFrom(source: string, user: number, host: string, port: number): Promise<string> {
    const program = `process.setgid(${user}); process.setuid(${user})
      const socket = require('node:net').connect({ host: '${host}', port: ${port}, localAddress: '${source}' })
      socket.setTimeout(3000, () => socket.destroy(new Error('no answer'))).pipe(process.stdout)`
    return command('ip', 'netns', 'exec', this.pod.name, process.execPath, '-e', program)
  }

  async #listenTransparently(): Promise<void> {
    const program = join(import.meta.dirname, 'transparent-listener.ts')
    const child = spawn('ip', ['netns', 'exec', this.pod.name, process.execPath, program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#transparent = child
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(([code]) =>
        Promise.reject(new Error(`the transparent listener ended: ${code}`)),
      ),
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const endpoint of [this.app, this.proxy, this.otherProxy, this.outside]) endpoint.stop()
    this.#transparent?.stdin?.end()
    await Promise.all(Object.values(this.#namespaces).map((namespaces) => namespaces.close()))
    await this.pod[Symbol.asyncDispose]()
    await this.world[Symbol.asyncDispose]()
  }
}

async function cable(pod: ScratchNetwork, world: ScratchNetwork): Promise<void> {
  // Duplicate address detection would hold the first IPv6 packets back for a second.
  for (const network of [pod, world]) await network.shell('sysctl -qw net.ipv6.conf.default.accept_dad=0')
  for (const name of ['eth0', 'net1']) {
    await command(
      'ip',
      'link',
      'add',
      name,
      'netns',
      pod.name,
      'type',
      'veth',
      'peer',
      'name',
      name,
      'netns',
      world.name,
    )
  }
  await world.shell(`
    ip addr add ${address.world}/24 dev eth0; ip addr add ${address.world6}/64 dev eth0 nodad
    ip addr add ${address.near}/32 dev lo; ip addr add ${address.far}/32 dev lo
    ip addr add ${address.far6}/128 dev lo nodad; ip addr add ${address.second}/24 dev net1
    ip link set eth0 up; ip link set net1 up`)
  await pod.shell(`
    ip addr add ${address.pod}/24 dev eth0; ip addr add ${address.pod6}/64 dev eth0 nodad
    ip addr add ${address.podSecond}/24 dev net1
    ip link set eth0 up; ip link set net1 up
    ip route add default via ${address.world}; ip -6 route add default via ${address.world6}`)
}
