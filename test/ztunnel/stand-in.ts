import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { connectionIn } from './access-log.ts'
import { buildStandIn } from './build.ts'
import type { ZtunnelEvent } from './events.ts'
import { realZtunnel } from './real.ts'

/** What a control plane tells of a pod. */
export type ZtunnelPod = Readonly<{
  uid?: string
  name: string
  namespace: string
  serviceAccount: string
  addresses: readonly string[]
}>

export type ZtunnelOptions = Readonly<{
  /** Where the agent listens. */
  socketPath: string
  /** Network namespace of the node, by its name or its path, for ours; this process's own by default. */
  namespace?: string
  /** The node's pods of the mesh, of which only a real one needs to be told; ours asks their interfaces. */
  pods?: readonly ZtunnelPod[]
  /** Pods of the mesh that this ztunnel is not told about: those of other nodes. */
  mesh?: readonly string[]
  /** Answer to every A question. */
  dns?: string
  /** Hears what it tells, too. */
  journal?: ZtunnelEvent[]
}>

/** The node's ztunnel in tests: ours, or the real one that `ZTUNNEL_BIN` names. */
export class Ztunnel implements AsyncDisposable {
  /** What it told so far; a real one tells of connections only, and of each when it has ended. */
  readonly events: ZtunnelEvent[] = []
  readonly #child: ChildProcess
  readonly #options: ZtunnelOptions
  #arrival = Promise.withResolvers<void>()

  private constructor(child: ChildProcess, options: ZtunnelOptions) {
    this.#child = child
    this.#options = options
    const lines = createInterface({ input: child.stdout ?? process.stdin })
    lines.on('line', (line) => this.#told(line))
    child.on('exit', () => this.#arrival.reject(new Error('ztunnel ended')))
    this.#arrival.promise.catch(() => {})
  }

  /**
   * Whether it is ours, which tells everything and answers as a test wants. What is expected of it otherwise is skipped
   * with a real one.
   */
  static readonly tells = process.env.ZTUNNEL_BIN === undefined

  static async start(options: ZtunnelOptions): Promise<Ztunnel> {
    const { file, args, env } = Ztunnel.tells ? await standIn(options) : await realZtunnel(options)
    // A real one has a pod of its own, and there ports that only one can have.
    const place = Ztunnel.tells ? inside(options.namespace) : inNamespaceOfItsOwn
    const [program = '', ...rest] = [...place, file, ...args]
    return new Ztunnel(spawn(program, rest, { env, stdio: ['pipe', 'pipe', 'inherit'] }), options)
  }

  /** Waits until something that it told is as wanted. */
  async until(isWanted: (event: ZtunnelEvent) => boolean): Promise<ZtunnelEvent> {
    for (;;) {
      const found = this.events.find(isWanted)
      if (found !== undefined) return found
      await this.#arrival.promise
    }
  }

  /**
   * Changes how it answers; stand-in.c lists the lines. Everything that happened before is in {@link events} when
   * this resolves.
   */
  async tell(line: 'ack' | 'refuse' | 'hang' | 'disconnect' | `delay ${number}`): Promise<void> {
    const before = this.#toldCount()
    this.#child.stdin?.write(`${line}\n`)
    while (this.#toldCount() === before) await this.#arrival.promise
  }

  /** Everything told since the last time. */
  async taken(): Promise<readonly ZtunnelEvent[]> {
    await this.tell('ack')
    return this.events.splice(0).filter(({ event }) => event !== 'told')
  }

  /**
   * As when it is told to stop: it takes no more connections and hangs up on the agent; resolves when the connections
   * through it have ended, and it with them.
   */
  async drain(): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }

  #told(line: string): void {
    const { pods = [], journal } = this.#options
    const event: ZtunnelEvent | undefined = Ztunnel.tells ? JSON.parse(line) : connectionIn(line, pods)
    if (event === undefined) return
    this.events.push(event)
    journal?.push(event)
    this.#arrival.resolve()
    this.#arrival = Promise.withResolvers()
    this.#arrival.promise.catch(() => {})
  }

  #toldCount(): number {
    return this.events.filter(({ event }) => event === 'told').length
  }
}

const inNamespaceOfItsOwn = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"']

function inside(namespace: string | undefined): readonly string[] {
  if (namespace === undefined) return []
  return namespace.startsWith('/') ? ['nsenter', `--net=${namespace}`] : ['ip', 'netns', 'exec', namespace]
}

async function standIn({ socketPath, mesh = [], dns }: ZtunnelOptions) {
  const answer = dns === undefined ? [] : ['--dns', dns]
  const args = ['--socket', socketPath, '--mesh', mesh.join(','), ...answer, '--until-stdin-ends']
  return { file: await buildStandIn(), args, env: {} }
}
