import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { addChain, type ConfList, repeatChain, type Sandbox } from '../../test/testbed/chain.ts'
import { Endpoint } from '../../test/testbed/endpoint-process.ts'
import { createNetwork, type PodNetwork } from '../../test/testbed/pod-network.ts'
import { type PodManifest, podManifest } from './manifest.ts'
import { world, worldsDnsAnswer } from './world.ts'

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
  #result: Record<string, unknown> = {}
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
    yaml: string,
    index: number,
    list: ConfList,
    binDirs: readonly string[],
  ): Promise<DemoPod> {
    return new DemoPod(podManifest(yaml), await createNetwork(`pod${index}`), list, binDirs)
  }

  /** Calls the chain as a runtime does at pod start; the pod's processes start only afterwards. */
  async start(index: number, mainPlugin: MainPlugin | undefined, ask: Ask): Promise<void> {
    const given = await mainPlugin?.(this.#sandbox, this.#list.cniVersion, this.#network.name, index)
    const { result, steps } = await addChain(this.#list, this.#binDirs, this.#sandbox, given)
    this.#result = result
    await repeatChain('CHECK', this.#list, this.#binDirs, this.#sandbox, result)
    const { decision, because } = await ask(this.manifest, this.#network.path, this.#address)
    const ms = steps.find((step) => step.type === 'istio-cni')?.ms ?? 0
    this.#row = [this.manifest.key, decision, because, String(await this.#ruleCount()), `${ms.toFixed(1)} ms`]
    await this.#startContainers()
  }

  /** Sends traffic in and out, and notes who answers. */
  async probe(client: Endpoint): Promise<void> {
    const { containerPorts, excludedInboundPorts, excludedOutboundPorts, excludesRange, capturesDns } =
      this.manifest
    const [app] = this.#endpoints
    if (app === undefined) return
    const isMeshed = this.manifest.isInjected
    for (const port of containerPorts) {
      const expected = isMeshed && !excludedInboundPorts.includes(port) ? 'the proxy (inbound)' : 'the app'
      await this.#note(`in to port ${port}`, expected, client.connect({ host: this.#address, port }))
    }
    const outward = isMeshed ? 'the proxy (outbound)' : 'the world'
    await this.#note(`out to ${world.address}:80`, outward, app.connect({ host: world.address, port: 80 }))
    for (const port of excludedOutboundPorts) {
      await this.#note(
        `out to ${world.address}:${port}`,
        'the world',
        app.connect({ host: world.address, port }),
      )
    }
    if (excludesRange) {
      await this.#note(
        `out to ${world.excluded}:80`,
        'the world',
        app.connect({ host: world.excluded, port: 80 }),
      )
    }
    const name = app.resolve({ server: world.dns, name: 'reviews.shop.svc.cluster.local' })
    const answer = name.then((address) =>
      address === proxysDnsAnswer ? 'the proxy (DNS)' : address === worldsDnsAnswer ? 'the world' : address,
    )
    await this.#note('DNS question', isMeshed && capturesDns ? 'the proxy (DNS)' : 'the world', answer)
  }

  /** Cells: pod, decision, why, number of rules, time of our plugin's ADD. */
  summary(): readonly string[] {
    return this.#row
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
    await repeatChain('DEL', this.#list, this.#binDirs, this.#sandbox, this.#result)
    await this.#network.remove()
  }

  get #address(): string {
    const [ip] = (this.#result.ips ?? []) as { address: string }[]
    return ip?.address.split('/')[0] ?? ''
  }

  async #startContainers(): Promise<void> {
    const { containerPorts, proxyUid } = this.manifest
    const app = new Endpoint(this.#network.name)
    this.#endpoints.push(app)
    await app.listen({ host: '0.0.0.0', ports: [...containerPorts], says: 'the app' })
    if (proxyUid === undefined) return
    const proxy = new Endpoint(this.#network.name, proxyUid)
    this.#endpoints.push(proxy)
    await proxy.listen({ host: '0.0.0.0', ports: [15001], says: 'the proxy (outbound)' })
    await proxy.listen({ host: '0.0.0.0', ports: [15006], says: 'the proxy (inbound)' })
    await proxy.answerDns({ host: '127.0.0.1', port: 15053, address: proxysDnsAnswer })
  }

  async #note(what: string, expected: string, said: Promise<string>): Promise<void> {
    const answer = await said.then(
      (text) => text.replace(/:\d+ from .*/, ''),
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
    const saved = await inPod('iptables-save')
    const listed = saved.includes('ISTIO_') ? '' : await inPod('nft', 'list', 'ruleset')
    return saved.match(/^-A /gm)?.length ?? listed.match(/^\t\t(?!type )/gm)?.length ?? 0
  }
}
