// An API server of one node's pods, over plain HTTP: lists, watches, faults at will, and a record of what was asked.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

type Json = Record<string, unknown>

/** A request as the server saw it. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly token: string | undefined
  readonly body: Json | undefined
}

/** Answers instead of the server; false leaves it to it. */
type Fault = (asked: Asked, response: ServerResponse) => boolean

const status = (code: number, reason: string): Json => ({ kind: 'Status', status: 'Failure', reason, code })

export class FakeApiServer {
  readonly port: number
  readonly asked: Asked[] = []
  readonly events: Json[] = []
  readonly #server: ReturnType<typeof createServer>
  readonly #sockets = new Set<Socket>()
  readonly #pods = new Map<string, Json>()
  readonly #watches = new Set<ServerResponse>()
  /** By path. */
  readonly #objects = new Map<string, Json>()
  #version = 1000
  fault: Fault = () => false
  /** When set, only this bearer token is known. */
  token: string | undefined

  private constructor(server: ReturnType<typeof createServer>, port: number) {
    this.#server = server
    this.port = port
    server.on('request', (request, response) => void this.#answer(request, response))
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(port = 0): Promise<FakeApiServer> {
    const server = createServer()
    await new Promise<void>((resolve, reject) =>
      server.on('error', reject).listen(port, '127.0.0.1', () => resolve()),
    )
    return new FakeApiServer(server, (server.address() as AddressInfo).port)
  }

  /** As a process that is killed: every connection breaks. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  get watches(): number {
    return this.#watches.size
  }

  count(verb: 'list' | 'watch' | 'get'): number {
    return this.asked.filter(({ method, path, query }) => {
      if (method !== 'GET') return false
      if (path !== '/api/v1/pods') return verb === 'get'
      return verb === (query.get('watch') === 'true' ? 'watch' : 'list')
    }).length
  }

  setObject(path: string, object: Json | undefined): void {
    if (object === undefined) this.#objects.delete(path)
    else this.#objects.set(path, object)
  }

  /** Creates or changes a pod. @returns it, with its new version */
  putPod(pod: Json, isTold = true): Json {
    const { namespace, name } = pod.metadata as Json
    const key = `${namespace}/${name}`
    const type = this.#pods.has(key) ? 'MODIFIED' : 'ADDED'
    const stored = this.#versioned(pod)
    this.#pods.set(key, stored)
    if (isTold) this.tell({ type, object: stored })
    return stored
  }

  deletePod(namespace: string, name: string, isTold = true): void {
    const pod = this.#pods.get(`${namespace}/${name}`)
    this.#pods.delete(`${namespace}/${name}`)
    if (isTold && pod !== undefined) this.tell({ type: 'DELETED', object: this.#versioned(pod) })
  }

  /** Sends a line to every watch: an event, or text as it is. */
  tell(event: Json | string): void {
    const text = typeof event === 'string' ? event : `${JSON.stringify(event)}\n`
    for (const watch of this.#watches) watch.write(text)
  }

  /** Ends every watch, as the server does after `timeoutSeconds`. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end()
  }

  /** Breaks the connection of every watch. */
  breakWatches(): void {
    for (const watch of this.#watches) watch.socket?.destroy()
  }

  #versioned(pod: Json): Json {
    this.#version += 1
    return { ...pod, metadata: { ...(pod.metadata as Json), resourceVersion: String(this.#version) } }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const url = new URL(request.url ?? '/', 'http://server')
    const asked: Asked = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      token: request.headers.authorization?.replace(/^Bearer /, ''),
      body: text === '' ? undefined : (JSON.parse(text) as Json),
    }
    this.asked.push(asked)
    if (this.fault(asked, response)) return
    if (this.token !== undefined && asked.token !== this.token)
      reply(response, 401, status(401, 'Unauthorized'))
    else if (asked.method !== 'GET') this.#write(asked, response)
    else if (asked.path === '/api/v1/pods') this.#podList(asked, response)
    else this.#get(asked, response)
  }

  #podList({ query }: Asked, response: ServerResponse): void {
    if (query.get('watch') === 'true') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      this.#watches.add(response)
      response.on('close', () => this.#watches.delete(response))
      return
    }
    const items = [...this.#pods.values()]
    reply(response, 200, { kind: 'PodList', metadata: { resourceVersion: String(this.#version) }, items })
  }

  #get({ path }: Asked, response: ServerResponse): void {
    const [, namespace, name] = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)$/.exec(path) ?? []
    const pod = this.#pods.get(`${namespace}/${name}`)
    const found = pod === undefined ? this.#objects.get(path) : { kind: 'Pod', ...pod }
    if (found === undefined) reply(response, 404, status(404, 'NotFound'))
    else reply(response, 200, found)
  }

  #write({ path, body }: Asked, response: ServerResponse): void {
    const isEvent = /\/events(\/|$)/.test(path)
    if (isEvent) this.events.push(body ?? {})
    reply(response, isEvent ? 201 : 404, isEvent ? (body ?? {}) : status(404, 'NotFound'))
  }
}

export function reply(response: ServerResponse, code: number, body: Json | string): void {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
