import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { EndpointReply, EndpointRequest } from './endpoint.ts'

const program = join(import.meta.dirname, 'endpoint.ts')

type Told<K extends EndpointRequest['do']> = Omit<Extract<EndpointRequest, { do: K }>, 'id' | 'do'>

/** One container's worth of network life; without a namespace it lives in this process's own. */
export class Endpoint {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(value: string): void; reject(error: Error): void }>()
  readonly #started: Promise<string>
  #lastId = 0

  /** @param uid user and group that its sockets belong to */
  constructor(namespace: string | undefined, uid = 0) {
    const node = [process.execPath, program]
    const [file = '', ...args] = namespace === undefined ? node : ['ip', 'netns', 'exec', namespace, ...node]
    this.#started = this.#reply(0)
    this.#child = spawn(file, args, {
      env: { PATH: process.env.PATH ?? '', ENDPOINT_UID: String(uid) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', ({ id, value, error }: EndpointReply) => {
      const waiting = this.#waiting.get(id)
      if (error === undefined) waiting?.resolve(value ?? '')
      else waiting?.reject(new Error(error))
    })
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the endpoint ended with ${code}`))
    })
  }

  /** Listens on every port; whoever connects is told `<says>:<port> from <address>`. */
  listen(told: Told<'listen'>): Promise<string> {
    return this.#send({ do: 'listen', ...told })
  }

  answerDns(told: Told<'answerDns'>): Promise<string> {
    return this.#send({ do: 'answerDns', ...told })
  }

  /** @returns what the other side said; rejects when nobody answers */
  connect(told: Told<'connect'>): Promise<string> {
    return this.#send({ do: 'connect', ...told })
  }

  resolve(told: Told<'resolve'>): Promise<string> {
    return this.#send({ do: 'resolve', ...told })
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  async #send(request: { do: EndpointRequest['do'] }): Promise<string> {
    await this.#started
    this.#lastId += 1
    const reply = this.#reply(this.#lastId)
    this.#child.send({ id: this.#lastId, ...request })
    return reply
  }

  #reply(id: number): Promise<string> {
    const reply = new Promise<string>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    reply.catch(() => {})
    return reply
  }
}
