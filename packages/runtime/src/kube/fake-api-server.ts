// An API server of one node's pods, and of namespaces, over plain HTTP: lists, watches, faults at will, and a record of what was asked.
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

const podsPath = '/api/v1/pods'
const namespacesPath = '/api/v1/namespaces'
const podStatusPath = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/status$/

const accountTokenPath = /^\/api\/v1\/namespaces\/[^/]+\/serviceaccounts\/[^/]+\/token$/

const status = (code: number, reason: string): Json => ({ kind: 'Status', status: 'Failure', reason, code })

export class FakeApiServer {
  readonly port: number
  readonly asked: Asked[] = []
  readonly events: Json[] = []
  readonly #server: ReturnType<typeof createServer>
  readonly #sockets = new Set<Socket>()
  readonly #pods = new Map<string, Json>()
  readonly #namespaces = new Map<string, Json>()
  /** With the path of what is watched. */
  readonly #watches = new Map<ServerResponse, string>()
  /** By path. */
  readonly #objects = new Map<string, Json>()
  #version = 1000
  #issued = 0
  fault: Fault = () => false
  /** Seconds: grants no token a longer life. */
  longestToken = Number.POSITIVE_INFINITY
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

  /** Of pods. */
  get watches(): number {
    return this.#watchesOf(podsPath).length
  }

  get namespaceWatches(): number {
    return this.#watchesOf(namespacesPath).length
  }

  /** Of pods and of namespaces together. */
  count(verb: 'list' | 'watch' | 'get'): number {
    return this.asked.filter(({ method, path, query }) => {
      if (method !== 'GET') return false
      if (path !== podsPath && path !== namespacesPath) return verb === 'get'
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

  /** Creates or changes a namespace. */
  putNamespace(name: string, labels: Json, isTold = true): void {
    const type = this.#namespaces.has(name) ? 'MODIFIED' : 'ADDED'
    const stored = this.#versioned({ kind: 'Namespace', metadata: { name, labels } })
    this.#namespaces.set(name, stored)
    if (isTold) this.tell({ type, object: stored }, namespacesPath)
  }

  deleteNamespace(name: string, isTold = true): void {
    const namespace = this.#namespaces.get(name)
    this.#namespaces.delete(name)
    if (isTold && namespace !== undefined)
      this.tell({ type: 'DELETED', object: this.#versioned(namespace) }, namespacesPath)
  }

  /** Sends a line to every watch of the path: an event, or text as it is. */
  tell(event: Json | string, path = podsPath): void {
    const text = typeof event === 'string' ? event : `${JSON.stringify(event)}\n`
    for (const watch of this.#watchesOf(path)) watch.write(text)
  }

  /** Ends every watch, as the server does after `timeoutSeconds`. */
  endWatches(): void {
    for (const watch of this.#watches.keys()) watch.end()
  }

  /** Breaks the connection of every watch. */
  breakWatches(): void {
    for (const watch of this.#watches.keys()) watch.socket?.destroy()
  }

  #watchesOf(path: string): ServerResponse[] {
    return [...this.#watches].filter(([, watched]) => watched === path).map(([watch]) => watch)
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
    else if (asked.path === podsPath) this.#list(asked, response, 'PodList', this.#pods)
    else if (asked.path === namespacesPath) this.#list(asked, response, 'NamespaceList', this.#namespaces)
    else this.#get(asked, response)
  }

  #list({ path, query }: Asked, response: ServerResponse, kind: string, objects: Map<string, Json>): void {
    if (query.get('watch') === 'true') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      this.#watches.set(response, path)
      response.on('close', () => this.#watches.delete(response))
      return
    }
    const items = [...objects.values()]
    reply(response, 200, { kind, metadata: { resourceVersion: String(this.#version) }, items })
  }

  #get({ path }: Asked, response: ServerResponse): void {
    const [, namespace, name] = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)$/.exec(path) ?? []
    const pod = this.#pods.get(`${namespace}/${name}`)
    const [, ofNamespace = ''] = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path) ?? []
    const other = this.#namespaces.get(ofNamespace) ?? this.#objects.get(path)
    const found = pod === undefined ? other : { kind: 'Pod', ...pod }
    if (found === undefined) reply(response, 404, status(404, 'NotFound'))
    else reply(response, 200, found)
  }

  #write(asked: Asked, response: ServerResponse): void {
    const [, namespace, name] = podStatusPath.exec(asked.path) ?? []
    if (namespace !== undefined) {
      this.#patchStatus(`${namespace}/${name}`, asked, response)
      return
    }
    if (accountTokenPath.test(asked.path)) {
      reply(response, 201, this.#tokenFor(asked))
      return
    }
    const isEvent = /\/events(\/|$)/.test(asked.path)
    if (isEvent) this.events.push(asked.body ?? {})
    reply(response, isEvent ? 201 : 404, isEvent ? (asked.body ?? {}) : status(404, 'NotFound'))
  }

  /** A TokenRequest with the next token: `issued-1`, `issued-2`, … */
  #tokenFor({ body }: Asked): Json {
    const spec = (body?.spec ?? {}) as Json
    const expirationSeconds = Math.min(Number(spec.expirationSeconds), this.longestToken)
    this.#issued += 1
    return { ...body, spec: { ...spec, expirationSeconds }, status: { token: `issued-${this.#issued}` } }
  }

  /** Of a pod's status, the annotations alone. */
  #patchStatus(key: string, { body }: Asked, response: ServerResponse): void {
    const pod = this.#pods.get(key)
    const metadata = (pod?.metadata ?? {}) as Json
    const { uid, annotations } = (body?.metadata ?? {}) as { uid?: string; annotations?: Json }
    if (pod === undefined) reply(response, 404, status(404, 'NotFound'))
    else if (uid !== undefined && uid !== metadata.uid) reply(response, 422, status(422, 'Invalid'))
    else {
      const merged = Object.entries({ ...(metadata.annotations as Json), ...annotations })
      const kept = Object.fromEntries(merged.filter(([, value]) => value !== null))
      reply(response, 200, this.putPod({ ...pod, metadata: { ...metadata, annotations: kept } }))
    }
  }
}

export function reply(response: ServerResponse, code: number, body: Json | string): void {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
