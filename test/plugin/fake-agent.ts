// An agent of the plugin's tests: a Unix socket that answers as it is told, and remembers what it was asked.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface ScriptedReply {
  readonly status?: number
  readonly body?: string
  /** Written as it is, instead of HTTP; then the connection ends. */
  readonly raw?: string
  /** Only then is there an answer. */
  readonly delayMs?: number
  /** Never ends the connection. */
  readonly keepOpen?: boolean
}

export type ReplyTo = (request: ReceivedRequest) => ScriptedReply

/** A run dir of its own, with whatever listens in it. */
export class FakeAgent {
  readonly runDir: string
  readonly requests: ReceivedRequest[] = []
  readonly logs: string[] = []
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()

  private constructor(runDir: string) {
    this.runDir = runDir
  }

  /** An empty run dir: nobody listens yet. */
  static async away(): Promise<FakeAgent> {
    const parent = await mkdtemp(join(tmpdir(), 'istio-cni-test-'))
    await chmod(parent, 0o755)
    const runDir = join(parent, 'run')
    await mkdir(runDir, { mode: 0o755 })
    return new FakeAgent(runDir)
  }

  static async started(reply: ReplyTo): Promise<FakeAgent> {
    const agent = await FakeAgent.away()
    await agent.listen(reply)
    return agent
  }

  async listen(reply: ReplyTo): Promise<void> {
    await this.#serve('pluginevent.sock', (request) => {
      this.requests.push(request)
      return reply(request)
    })
  }

  async listenForLogs(): Promise<void> {
    await this.#serve('log.sock', (request) => {
      this.logs.push(...(JSON.parse(request.body) as string[]))
      return {}
    })
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    for (const server of this.#servers.splice(0)) server.close()
    await rm(join(this.runDir, '..'), { recursive: true, force: true })
  }

  async #serve(name: string, reply: ReplyTo): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))
      let text = ''
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        const request = wholeRequest(text)
        if (request === undefined) return
        text = ''
        answer(socket, reply(request))
      })
    })
    this.#servers.push(server)
    const path = join(this.runDir, name)
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
    await chmod(path, 0o600)
  }
}

function wholeRequest(text: string): ReceivedRequest | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const [method = '', path = ''] = first.split(' ')
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  const body = text.slice(end + 4)
  return Buffer.byteLength(body) < Number(headers['content-length'])
    ? undefined
    : { method, path, headers, body }
}

function answer(
  socket: Socket,
  { status = 200, body = '', raw, delayMs = 0, keepOpen = false }: ScriptedReply,
): void {
  const text = raw ?? `HTTP/1.1 ${status} Any\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  const timer = setTimeout(() => (keepOpen ? socket.write(text) : socket.end(text)), delayMs)
  socket.on('close', () => clearTimeout(timer))
}
