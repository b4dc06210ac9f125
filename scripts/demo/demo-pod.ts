import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { addChain, ChainError, type ConfList, repeatChain, type Sandbox } from '../../test/testbed/chain.ts'
import { Endpoint } from '../../test/testbed/endpoint-process.ts'
import { createNetwork, type PodNetwork } from '../../test/testbed/pod-network.ts'
import { excludedOutboundPorts, type PodManifest, takesDns, takesInbound, takesOutbound } from './manifest.ts'
import { startTransparentProxy } from './transparent-proxy.ts'
import { world, world6, worldsDnsAnswer } from './world.ts'

const proxysDnsAnswer = '192.0.2.2'
const run = promisify(execFile)

/** One connection: who answered, and who should have by the pod's manifest. */
interface Probe {
  readonly what: string
  readonly expected: string
  readonly answer: string
}

/** A plugin's place taken by the demo: makes the pod's interface and says what a plugin would. */
export type MainPlugin = (
  sandbox: Sandbox,
  cniVersion: string,
  name: string,
  index: number,
) => Promise<Record<string, unknown>>

/** What the agent says about the pod. */
export type Ask = (
  pod: PodManifest,
  netns: string,
  address: string,
) => Promise<{ decision: string; because: string }>

/** A pod of the demo: its namespace, a process for each container, and what was seen of it. */
export class DemoPod {
  readonly manifest: PodManifest
  readonly #network: PodNetwork
  readonly #list: ConfList
  readonly #binDirs: readonly string[]
  readonly #sandbox: Sandbox
  readonly #endpoints: Endpoint[] = []
  readonly #probes: Probe[] = []
  #result: Record<string, unknown> | undefined
  #refusal: string | undefined
  #stopProxy: (() => void) | undefined
  #row: string[] = []

  private constructor(
    manifest: PodManifest,
    network: PodNetwork,
    list: ConfList,
    binDirs: readonly string[],
  ) {
    this.manifest = manifest
    this.#network = network
    this.#list = list
    this.#binDirs = binDirs
    this.#sandbox = {
      containerId: `demo-${network.name}`,
      netns: network.path,
      ifname: 'eth0',
      pod: manifest.pod,
    }
  }

  static async create(
    manifest: PodManifest,
    index: number,
    list: ConfList,
    binDirs: readonly string[],
  ): Promise<DemoPod> {
    return new DemoPod(manifest, await createNetwork(`pod${index}`), list, binDirs)
  }

  /** Calls the chain as a runtime does at pod start; the pod's processes start only afterwards. */
  async start(index: number, mainPlugin: MainPlugin | undefined, ask: Ask): Promise<void> {
    const given = await mainPlugin?.(this.#sandbox, this.#list.cniVersion, this.#network.name, index)
    const added = await addChain(this.#list, this.#binDirs, this.#sandbox, given).catch(refusalOf)
    if (typeof added === 'string') {
      this.#refusal = added
      this.#row = [this.manifest.key, 'refused', 'see below', '0', '']
      return
    }
    const { result, steps } = added
    this.#result = result
    await repeatChain('CHECK', this.#list, this.#binDirs, this.#sandbox, result)
    const { decision, because } = await ask(this.manifest, this.#network.path, this.#address)
    const ms = steps.find((step) => step.type === 'istio-cni')?.ms ?? 0
    this.#row = [this.manifest.key, decision, because, String(await this.#ruleCount()), `${ms.toFixed(1)} ms`]
    await this.#startContainers()
  }

  /** Sends traffic in and out, and notes who answers. */
  async probe(client: Endpoint): Promise<void> {
    const { manifest } = this
    const [app] = this.#endpoints
    if (app === undefined) return
    for (const port of manifest.containerPorts) {
      const expected = takesInbound(manifest, port) ? 'the proxy (inbound)' : 'the app'
      await this.#note(`in to port ${port}`, expected, client.connect({ host: this.#address, port }))
    }
    const { address, excluded, dns } = this.#isIpv6 ? world6 : world
    const excludesRanges = (manifest.redirection?.outbound.excludeRanges.length ?? 0) > 0
    for (const [host, port] of [
      [address, 80] as const,
      ...excludedOutboundPorts(manifest).map((port) => [address, port] as const),
      ...(excludesRanges ? [[excluded, 80] as const] : []),
    ]) {
      const expected = takesOutbound(manifest, host, port) ? 'the proxy (outbound)' : 'the world'
      const to = host.includes(':') ? `[${host}]` : host
      await this.#note(`out to ${to}:${port}`, expected, app.connect({ host, port }))
    }
    const name = app.resolve({ server: dns, name: 'reviews.shop.svc.cluster.local' })
    const answer = name.then((found) =>
      found === proxysDnsAnswer ? 'the proxy (DNS)' : found === worldsDnsAnswer ? 'the world' : found,
    )
    await this.#note('DNS question', takesDns(manifest) ? 'the proxy (DNS)' : 'the world', answer)
  }

  /** Cells: pod, decision, why, number of rules, time of our plugin's ADD. */
  summary(): readonly string[] {
    return this.#row
  }

  /** The words of our plugin if it refused the pod. */
  refusal(): string | undefined {
    return this.#refusal
  }

  /** Cells: pod, what, who answered, whether that was to be expected. */
  traffic(): string[][] {
    return this.#probes.map(({ what, answer, expected }) => [
      this.manifest.key,
      what,
      answer,
      answer === expected ? '✓' : `expected ${expected}`,
    ])
  }

  surprises(): string[] {
    const different = this.#probes.filter(({ answer, expected }) => answer !== expected)
    return different.map(
      ({ what, answer, expected }) =>
        `${this.manifest.key}, ${what}: ${answer} answered, expected ${expected}`,
    )
  }

  async stop(): Promise<void> {
    for (const endpoint of this.#endpoints) endpoint.stop()
    this.#stopProxy?.()
    await repeatChain('DEL', this.#list, this.#binDirs, this.#sandbox, this.#result)
    await this.#network.remove()
  }

  get #address(): string {
    const [ip] = (this.#result?.ips ?? []) as { address: string }[]
    return ip?.address.split('/')[0] ?? ''
  }

  get #isIpv6(): boolean {
    return this.#address.includes(':')
  }

  async #startContainers(): Promise<void> {
    const { containerPorts, redirection } = this.manifest
    const [host, localhost] = this.#isIpv6 ? ['::', '::1'] : ['0.0.0.0', '127.0.0.1']
    const app = new Endpoint(this.#network.name)
    this.#endpoints.push(app)
    await app.listen({ host, ports: [...containerPorts], says: 'the app' })
    if (redirection === undefined) return
    const proxy = new Endpoint(this.#network.name, redirection.proxyUid)
    this.#endpoints.push(proxy)
    await proxy.listen({ host, ports: [15001], says: 'the proxy (outbound)' })
    if (redirection.mode === 'TPROXY') this.#stopProxy = await startTransparentProxy(this.#network.name)
    else await proxy.listen({ host, ports: [15006], says: 'the proxy (inbound)' })
    await proxy.answerDns({ host: localhost, port: 15053, address: proxysDnsAnswer })
  }

  async #note(what: string, expected: string, said: Promise<string>): Promise<void> {
    const answer = await said.then(
      (text) => (text.startsWith('meant ') ? 'the proxy (inbound)' : text.replace(/:\d+ from .*/, '')),
      () => 'nobody',
    )
    this.#probes.push({ what, expected, answer })
  }

  /** Rules of either back-end in the pod's namespace. */
  async #ruleCount(): Promise<number> {
    const inPod = (...args: string[]) =>
      run('ip', ['netns', 'exec', this.#network.name, ...args]).then(
        ({ stdout }) => stdout,
        () => '',
      )
    const saved = (await inPod('iptables-save')) + (await inPod('ip6tables-save'))
    const listed = saved.includes('ISTIO_') ? '' : await inPod('nft', 'list', 'ruleset')
    return saved.match(/^-A /gm)?.length ?? listed.match(/^\t\t(?!type )/gm)?.length ?? 0
  }
}

/** An error of ours about this pod is something to show; any other ends the demo. */
function refusalOf(error: unknown): string {
  if (error instanceof ChainError && error.plugin === 'istio-cni')
    return error.message.replace('istio-cni: ', 'CNI error ')
  throw error
}
