import { addChain, type ConfList, repeatChain, type Sandbox } from '../../../test/testbed/chain.ts'
import { command } from '../../../test/testbed/commands.ts'
import { Endpoint } from '../../../test/testbed/endpoint-process.ts'
import { createNetwork, type PodNetwork } from '../../../test/testbed/pod-network.ts'
import type { MainPlugin } from '../demo-pod.ts'

/** Who is started, and where its app listens. */
export type PodName = Readonly<{ namespace: string; name: string }>

export type Chain = Readonly<{
  list: ConfList
  binDirs: readonly string[]
  /** Takes the first plugin's place where the machine has none. */
  mainPlugin: MainPlugin | undefined
}>

export const appPort = 8080

/** A pod of the demo: a namespace with a name, as some runtimes leave it, and the app's process. */
export class MeshPod {
  readonly pod: PodName & { readonly uid: string }
  readonly #network: PodNetwork
  readonly #sandbox: Sandbox
  readonly #chain: Chain
  #result: Record<string, unknown> = {}
  #app: Endpoint | undefined

  private constructor(pod: MeshPod['pod'], network: PodNetwork, chain: Chain) {
    this.pod = pod
    this.#network = network
    this.#chain = chain
    this.#sandbox = { containerId: `demo-${network.name}`, netns: network.path, ifname: 'eth0', pod }
  }

  static async create({ namespace, name }: PodName, chain: Chain): Promise<MeshPod> {
    return new MeshPod({ namespace, name, uid: `uid-${name}` }, await createNetwork(name), chain)
  }

  /** ADD of the chain, then the app. @returns milliseconds that our plugin took */
  async start(index: number): Promise<number> {
    const { list, binDirs, mainPlugin } = this.#chain
    const given = await mainPlugin?.(this.#sandbox, list.cniVersion, this.#network.name, index)
    const { result, steps } = await addChain(list, binDirs, this.#sandbox, given)
    this.#result = result
    this.#app = new Endpoint(this.#network.name)
    await this.#app.listen({ host: '0.0.0.0', ports: [appPort], says: this.pod.name })
    return steps.find(({ type }) => type === 'istio-cni')?.ms ?? 0
  }

  get address(): string {
    const [ip] = (this.#result.ips ?? []) as { address: string }[]
    return ip?.address.split('/')[0] ?? ''
  }

  get app(): Endpoint {
    if (this.#app === undefined) throw new Error(`${this.pod.name} has not been started`)
    return this.#app
  }

  /** As the API server has it: the address stands there once the kubelet has told it. */
  manifest(): object {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: this.pod,
      spec: { containers: [{ name: 'app', image: 'app' }] },
      ...(this.address !== '' && { status: { phase: 'Running', podIPs: [{ ip: this.address }] } }),
    }
  }

  /** Rules of either back-end in the pod's namespace. */
  async ruleCount(): Promise<number> {
    const saves = ['iptables-save', 'ip6tables-save'].map((tool) => this.#inside(tool).catch(() => ''))
    const saved = (await Promise.all(saves)).join('\n')
    if (/^:ISTIO_/m.test(saved)) return saved.match(/^-A ISTIO_/gm)?.length ?? 0
    const listed = await this.#inside('nft', 'list', 'ruleset').catch(() => '')
    return listed.match(/^\t\t(?!type )\S/gm)?.length ?? 0
  }

  /** What a careless administrator or another program does. */
  async flushRules(isNft: boolean): Promise<void> {
    if (isNft) {
      await this.#inside('nft', 'flush', 'ruleset')
      return
    }
    const tables = ['nat', 'mangle', 'raw']
    for (const table of tables) await this.#inside('iptables', '-t', table, '-F')
    // Where the kernel has no IPv6 there is nothing to flush.
    for (const table of tables) await this.#inside('ip6tables', '-t', table, '-F').catch(() => {})
  }

  async stop(): Promise<void> {
    this.#app?.stop()
    await repeatChain('DEL', this.#chain.list, this.#chain.binDirs, this.#sandbox, this.#result)
    await this.#network.remove()
  }

  #inside(...args: readonly string[]): Promise<string> {
    return command('ip', 'netns', 'exec', this.#network.name, ...args)
  }
}
