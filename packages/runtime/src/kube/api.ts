import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { type PodSource, PodSourceError, type Projection } from './source.ts'

export interface ApiServerAddress {
  readonly host: string
  readonly port: number
  /** Directory of `token` and `ca.crt`. */
  readonly serviceAccountDirectory: string
}

const deadlineMs = 5_000
const largestReply = 8 << 20

/** Pods from the API server, one GET for each question, with the pod's own service account. */
export class ApiServerPods<P> implements PodSource<P> {
  readonly #address: ApiServerAddress
  readonly #project: Projection<P>
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 })
  #unready: string | undefined

  constructor(address: ApiServerAddress, project: Projection<P>) {
    this.#address = address
    this.#project = project
  }

  /** Missing credentials make the agent unready, not fail: the kubelet may bring them later. */
  async start(): Promise<void> {
    await this.#credentials().catch(() => {})
  }

  unreadyReasons(): readonly string[] {
    if (this.#address.host === '')
      return ['no API server is known: KUBERNETES_SERVICE_HOST is not set, nor is PODS_FROM']
    return this.#unready === undefined ? [] : [this.#unready]
  }

  async find(namespace: string, name: string): Promise<P | undefined> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`
    const { status, body } = await this.#get(path)
    if (status === 404) return undefined
    if (status !== 200) throw this.#failure(`GET ${path} was answered with ${status}`)
    try {
      return this.#project(JSON.parse(body))
    } catch (cause) {
      throw this.#failure(`the pod ${namespace}/${name} cannot be understood`, cause)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  /** Read anew each time: the kubelet rotates both files. */
  async #credentials(): Promise<{ token: string; ca: string }> {
    const { serviceAccountDirectory: directory } = this.#address
    try {
      const [token, ca] = await Promise.all([
        readFile(join(directory, 'token'), 'utf8'),
        readFile(join(directory, 'ca.crt'), 'utf8'),
      ])
      this.#unready = undefined
      return { token: token.trim(), ca }
    } catch (cause) {
      const failure = this.#failure(`the service account in ${directory} cannot be read`, cause)
      this.#unready = failure.message
      throw failure
    }
  }

  async #get(path: string): Promise<{ status: number; body: string }> {
    const { token, ca } = await this.#credentials()
    const { host, port } = this.#address
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
    return new Promise((resolve, reject) => {
      const options = {
        host,
        port,
        path,
        ca,
        headers,
        agent: this.#agent,
        signal: AbortSignal.timeout(deadlineMs),
      }
      const call = request(options, (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > largestReply) call.destroy(new Error(`the reply is larger than ${largestReply} bytes`))
          else chunks.push(chunk)
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        )
        response.on('error', (cause) => reject(this.#failure(`GET ${path} broke off`, cause)))
      })
      call.on('error', (cause) => reject(this.#failure(`GET ${path} failed`, cause)))
      call.end()
    })
  }

  #failure(what: string, cause?: unknown): PodSourceError {
    const { host, port } = this.#address
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    return new PodSourceError(
      `API server ${host}:${port}: ${what}${why}`,
      cause === undefined ? undefined : { cause },
    )
  }
}
