import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { messageOf } from '../errors.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import { lines } from './lines.ts'
import type { ApiServerAddress } from './server-address.ts'
import { PodSourceError } from './source.ts'

/** Kubernetes' names of what is done; label `verb` of the metric. */
type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch'

interface ApiCall {
  readonly verb: Verb
  /** Absolute, with query. */
  readonly path: string
  readonly deadlineMs: number
  /** Sent as JSON. */
  readonly body?: object
  readonly signal?: AbortSignal
}

/** Told of every request: its HTTP status, or `error` when there was none. */
export type RequestCounter = (verb: string, code: string) => void

const methods = { get: 'GET', list: 'GET', watch: 'GET', create: 'POST', patch: 'PATCH' } as const
const contentTypes: Partial<Record<Verb, string>> = {
  create: 'application/json',
  patch: 'application/merge-patch+json',
}
/** An object in etcd has at most 1.5 MiB; its JSON may have more. A list has all pods of a node. */
const largest: Readonly<Record<Verb, number>> = {
  get: 8 << 20,
  create: 8 << 20,
  patch: 8 << 20,
  watch: 8 << 20,
  list: 64 << 20,
}
const idleConnectionMs = 30_000

/** Requests to the API server as the agent's service account. Proxies from the environment are not used. */
export class ApiClient {
  readonly #address: ApiServerAddress
  readonly #count: RequestCounter
  readonly #agent: HttpAgent

  constructor(address: ApiServerAddress, count: RequestCounter) {
    this.#address = address
    this.#count = count
    // More than the watch, a burst of events and the pods of a busy minute: none waits for another's connection.
    const options = { keepAlive: true, maxSockets: 64, maxFreeSockets: 2, timeout: idleConnectionMs }
    this.#agent = address.protocol === 'https' ? new HttpsAgent(options) : new HttpAgent(options)
  }

  /** False when there is no API server to ask. */
  get isConfigured(): boolean {
    return this.#address.host !== ''
  }

  /** @throws PodSourceError when there is no answer in time, or too large a one; any status is an answer. */
  async call(call: ApiCall): Promise<{ status: number; body: string }> {
    try {
      const response = await this.#open(call)
      return { status: response.statusCode ?? 0, body: await textOf(response, largest[call.verb]) }
    } catch (cause) {
      throw this.#failure(call, cause)
    }
  }

  /**
   * An answer that does not end by itself; with another status than 200, its text.
   * @throws PodSourceError as `call`; the lines throw it when the connection breaks or a line is too long
   */
  async watch(
    call: Omit<ApiCall, 'verb' | 'body'>,
  ): Promise<{ status: number; body: string } | { status: 200; lines: AsyncIterable<string> }> {
    const watch = { ...call, verb: 'watch' } as const
    try {
      const response = await this.#open(watch)
      if (response.statusCode === 200) return { status: 200, lines: this.#lines(watch, response) }
      return { status: response.statusCode ?? 0, body: await textOf(response, largest.get) }
    } catch (cause) {
      throw this.#failure(watch, cause)
    }
  }

  /** What an operator can do about an answer with this status, as the end of a sentence; empty when nothing is known. */
  advice(status: number): string {
    const { tokenFile } = this.#address
    if (status === 401)
      return `; the API server does not accept the token in ${tokenFile}, which is read for every request: it has expired or was revoked. If it lasts, see whether the service account exists and the kubelet renews the file, then delete this pod`
    if (status === 403)
      return '; the service account lacks the permission: see the ClusterRole of the agent and its ClusterRoleBinding'
    return ''
  }

  close(): void {
    this.#agent.destroy()
  }

  async #open(call: ApiCall): Promise<IncomingMessage> {
    const deadline = AbortSignal.timeout(call.deadlineMs)
    const credentials = await readCredentials(this.#address)
    const response = await this.#send(call, credentials, deadline)
    if (response.statusCode !== 401) return response
    // The kubelet may have changed the token just after it was read.
    const now = await readCredentials(this.#address).catch(() => credentials)
    if (now.token === credentials.token) return response
    response.resume()
    return await this.#send(call, now, deadline)
  }

  async #send(
    { verb, path, deadlineMs, body, signal }: ApiCall,
    { token, ca }: Credentials,
    deadline: AbortSignal,
  ): Promise<IncomingMessage> {
    const { protocol, host, port, skipTlsVerify } = this.#address
    const content = body === undefined ? undefined : JSON.stringify(body)
    const options = {
      host,
      port,
      path,
      method: methods[verb],
      agent: this.#agent,
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      headers: {
        accept: 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(content !== undefined && {
          'content-type': contentTypes[verb],
          'content-length': Buffer.byteLength(content),
        }),
      },
      ...(ca !== undefined && { ca }),
      ...(skipTlsVerify && { rejectUnauthorized: false }),
    }
    let isAnswered = false
    return new Promise((resolve, reject) => {
      const open = protocol === 'https' ? httpsRequest : httpRequest
      const call = open(options, (response) => {
        isAnswered = true
        this.#count(verb, String(response.statusCode))
        resolve(response)
      })
      // A machine that vanished says nothing: without this, a watch would wait for it until its deadline.
      call.on('socket', (socket) => socket.setKeepAlive(true, idleConnectionMs))
      call.on('error', (cause) => {
        if (!isAnswered) this.#count(verb, 'error')
        reject(deadline.aborted ? new Error(`no answer within ${deadlineMs} ms`) : cause)
      })
      call.end(content)
    })
  }

  async *#lines(call: ApiCall, response: IncomingMessage): AsyncGenerator<string> {
    try {
      for await (const line of lines(response, largest.watch)) if (line !== '') yield line
    } catch (cause) {
      throw this.#failure(call, cause)
    }
  }

  #failure({ verb, path }: ApiCall, cause: unknown): PodSourceError {
    const { host, port } = this.#address
    return new PodSourceError(
      `API server ${host}:${port}: ${methods[verb]} ${path} failed: ${messageOf(cause)}`,
      { cause },
    )
  }
}

async function textOf(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    // Leaving the loop destroys the connection.
    if (size > limit) throw new RangeError(`the answer is larger than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
