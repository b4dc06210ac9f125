import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const program = join(import.meta.dirname, 'long-connection.ts')

/** A process in a network namespace that holds one end of connections that stay open. */
export class LongConnection implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(inside: readonly string[], args: readonly string[]) {
    const [file = '', ...rest] = [...inside, process.execPath, program, ...args]
    this.#child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
    const { stdout } = this.#child
    if (stdout === null) throw new Error('no pipe')
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  }

  /** @param inside the command that starts another one in the namespace, such as `ip netns exec NAME` */
  static echo(inside: readonly string[], port: number): Promise<LongConnection> {
    return LongConnection.#ready(inside, ['echo', String(port)])
  }

  static open(inside: readonly string[], host: string, port: number): Promise<LongConnection> {
    return LongConnection.#ready(inside, ['talk', host, String(port)])
  }

  static async #ready(inside: readonly string[], args: readonly string[]): Promise<LongConnection> {
    const process = new LongConnection(inside, args)
    const line = await process.next()
    if (line !== 'ready') throw new Error(`${args.join(' ')}: ${line}`)
    return process
  }

  /** @returns what came back, or how the connection ended */
  say(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`)
    return this.next()
  }

  /** The next line that came, or how the connection ended. */
  async next(): Promise<string> {
    const { value, done } = await this.#lines.next()
    return done ? 'the process ended' : value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.stdin?.end()
    await exit
  }
}
