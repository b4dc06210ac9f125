import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, describe, expect, it } from 'vitest'
import { HostNetwork, NetworkNamespaces } from '../../packages/runtime/src/netns/index.ts'
import { hostRules } from '../../packages/runtime/src/rules/host.ts'
import { hostProgram } from '../../packages/runtime/src/rules/host-program.ts'
import { command } from '../testbed/commands.ts'
import { hasIpSet } from './ip-set-kernel.ts'
import { ScratchNetwork } from './scratch-network.ts'

const namespaces = new NetworkNamespaces()
afterAll(() => namespaces.close())
const kernelHasIpSet = await hasIpSet()

/** A node with a pod and another machine behind it, each on a link of its own. */
class NodeBed implements AsyncDisposable {
  readonly #networks = new AsyncDisposableStack()
  readonly node: ScratchNetwork
  readonly #pod: ScratchNetwork
  readonly #other: ScratchNetwork
  #server: ChildProcess | undefined

  private constructor(node: ScratchNetwork, pod: ScratchNetwork, other: ScratchNetwork) {
    this.node = node
    this.#pod = pod
    this.#other = other
    for (const network of [node, pod, other]) this.#networks.use(network)
  }

  static async create(): Promise<NodeBed> {
    const node = await ScratchNetwork.create(
      'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1',
    )
    const bed = new NodeBed(node, await ScratchNetwork.create(), await ScratchNetwork.create())
    await bed.#link(bed.#pod, 1)
    await bed.#link(bed.#other, 2)
    await bed.#serve()
    return bed
  }

  /** Whom the pod sees as its visitor. */
  visit(from: 'node' | 'other', address: string): Promise<string> {
    const script = `const { connect } = require('node:net')
      connect(8080, '${address}').on('data', (data) => process.stdout.write(data))`
    return this.#run(from === 'node' ? this.node : this.#other, script)
  }

  #run(network: ScratchNetwork, script: string): Promise<string> {
    return command('ip', 'netns', 'exec', network.name, 'timeout', '10', process.execPath, '-e', script)
  }

  async #link(network: ScratchNetwork, number: number): Promise<void> {
    await this.node.shell(`
      ip link add link${number} type veth peer name eth0 netns ${network.name}
      ip addr add 10.8.${number}.1/24 dev link${number}; ip link set link${number} up
      ip addr add fd00:8:${number}::1/64 dev link${number} nodad`)
    await network.shell(`
      ip addr add 10.8.${number}.2/24 dev eth0; ip addr add fd00:8:${number}::2/64 dev eth0 nodad
      ip link set eth0 up; ip route add default via 10.8.${number}.1; ip -6 route add default via fd00:8:${number}::1`)
  }

  async #serve(): Promise<void> {
    const script = `require('node:net').createServer((socket) => socket.end(socket.remoteAddress))
      .listen(8080, '::', () => console.log('ready'))`
    const child = spawn('ip', ['netns', 'exec', this.#pod.name, process.execPath, '-e', script])
    this.#server = child
    await once(child.stdout, 'data')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#server && once(this.#server, 'exit')
    this.#server?.kill('SIGKILL')
    await ended
    await this.#networks.disposeAsync()
  }
}

const pod = { ipv4: '10.8.1.2', ipv6: 'fd00:8:1::2' }
const members = [pod.ipv4, pod.ipv6].map((address) => ({ address, uid: 'uid' }))

for (const backend of ['nft', 'iptables'] as const) {
  describe.runIf(backend === 'nft' || kernelHasIpSet)(`a probe of the node, with ${backend}`, () => {
    it('has the probes’ source address at pods in the set, and only there; others keep theirs', async () => {
      await using bed = await NodeBed.create()
      const host = new HostNetwork({ namespaces, hostNetns: bed.node.path, backend })
      await host.applyRules(hostProgram(hostRules({ ipv6: true }), backend))
      expect(await bed.visit('node', pod.ipv4)).toBe('::ffff:10.8.1.1')
      await host.changeProbeSet({ put: members, remove: [] })
      expect(await bed.visit('node', pod.ipv4)).toBe('::ffff:169.254.7.127')
      expect(await bed.visit('node', pod.ipv6)).toBe('fd16:9254:7127:1337:ffff:ffff:ffff:ffff')
      expect(await bed.visit('other', pod.ipv4)).toBe('::ffff:10.8.2.2')
      expect(await bed.visit('other', pod.ipv6)).toBe('fd00:8:2::2')
      await host.changeProbeSet({ put: [], remove: members })
      expect(await bed.visit('node', pod.ipv4)).toBe('::ffff:10.8.1.1')
    })
  })
}
