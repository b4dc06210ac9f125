import { type IncomingMessage, type RequestListener, Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Milliseconds. What a client may take for its headers, for its whole request, and for taking the answer. */
const limits = { headers: 5_000, request: 10_000, idle: 30_000 }

/** Milliseconds that a stopping server waits for requests that are on their way, and for answers that are due. */
const patience = { requests: 1_000, answers: 15_000 }

export type BoundedServerOptions = Readonly<{
  /** Connections at a time; more are closed at once, so that no socket can use up the agent's descriptors. */
  connections: number
  /** Shorter ones, for tests. */
  patience?: typeof patience
}>

/** An HTTP server that slow, silent or many clients can neither tie up nor keep from stopping. */
export class BoundedServer extends Server {
  readonly #patience: typeof patience
  /** Open connections, with the request that each is about. */
  readonly #requests = new Map<Socket, IncomingMessage | undefined>()

  constructor(
    options: BoundedServerOptions,
    listener: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
  ) {
    super({
      headersTimeout: limits.headers,
      requestTimeout: limits.request,
      connectionsCheckingInterval: 1_000,
    })
    this.#patience = options.patience ?? patience
    this.maxConnections = options.connections
    this.setTimeout(limits.idle)
    this.on('connection', (socket: Socket) => {
      this.#requests.set(socket, undefined)
      socket.on('close', () => this.#requests.delete(socket))
    })
    const answer: RequestListener = (request, response) => {
      this.#requests.set(request.socket, request)
      response.on(
        'close',
        () => this.#requests.has(request.socket) && this.#requests.set(request.socket, undefined),
      )
      Promise.resolve(listener(request, response)).catch(() => response.destroy())
    }
    this.on('request', answer)
    // A connection that could not be accepted is its client's loss, not the end of the agent.
    this.on('error', () => {})
  }

  /** Answers what it has been asked, takes nothing new, and ends within bounds whatever its clients do. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.close(resolve))
    this.closeIdleConnections()
    // A closed server of Node no longer looks for clients that are slow.
    const timers = [
      setTimeout(() => this.#closeUnasked(), this.#patience.requests),
      setTimeout(() => this.closeAllConnections(), this.#patience.answers),
    ]
    await closed
    for (const timer of timers) clearTimeout(timer)
  }

  #closeUnasked(): void {
    for (const [socket, request] of this.#requests) if (request?.complete !== true) socket.destroy()
  }
}
