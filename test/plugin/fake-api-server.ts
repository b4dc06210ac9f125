// An API server of the plugin's tests: real TLS, and objects or mischief as it is told.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kubeconfigText } from '../../packages/runtime/src/install/kubeconfig-text.ts'

const certificates = join(import.meta.dirname, '../fixtures/tls')

export type Respond = (request: IncomingMessage, response: ServerResponse) => void

export interface ApiServerOptions {
  readonly respond?: Respond
  /** Instead of HTTP: what to do with a connection. */
  readonly onConnection?: (socket: Socket) => void
  readonly certificate?: 'server' | 'elsewhere' | 'rsa-server'
  readonly address?: '127.0.0.1' | '::1'
  readonly protocol?: 'https' | 'http'
  /** As API servers of FIPS builds may be. */
  readonly maxVersion?: 'TLSv1.2'
}

export const TOKEN = 'S3CRET-t0ken'

export class FakeApiServer {
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #protocol: 'https' | 'http'
  readonly #address: string
  readonly #directory: string

  private constructor(server: Server, options: ApiServerOptions, directory: string) {
    this.#server = server
    this.#protocol = options.protocol ?? 'https'
    this.#address = options.address ?? '127.0.0.1'
    this.#directory = directory
  }

  static async started(options: ApiServerOptions = {}): Promise<FakeApiServer> {
    const { certificate = 'server', respond = notFound, protocol, onConnection, maxVersion } = options
    const answer: Respond = (request, response) => {
      api.requests.push({ path: request.url ?? '', authorization: request.headers.authorization })
      respond(request, response)
    }
    const [cert, key] = await Promise.all([
      readFile(join(certificates, `${certificate}.pem`)),
      readFile(join(certificates, `${certificate}-key.pem`)),
    ])
    const server =
      onConnection !== undefined
        ? createServer(onConnection)
        : protocol === 'http'
          ? createHttpServer(answer)
          : createHttpsServer({ cert, key, ...(maxVersion && { maxVersion }) }, answer)
    const directory = await mkdtemp(join(tmpdir(), 'istio-cni-api-'))
    const api = new FakeApiServer(server, options, directory)
    server.on('connection', (socket: Socket) => {
      api.#sockets.add(socket)
      socket.on('error', () => {}).on('close', () => api.#sockets.delete(socket))
    })
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(0, api.#address, () => resolve()),
    )
    return api
  }

  /** Writes the kubeconfig as the agent's installer does; gives its path. */
  async kubeconfig(authority: string | undefined): Promise<string> {
    const path = join(this.#directory, `kubeconfig-${authority}`)
    const settings = {
      kubernetesServiceHost: this.#address,
      kubernetesServicePort: (this.#server.address() as AddressInfo).port,
      kubernetesServiceProtocol: this.#protocol,
    }
    const pem = authority === undefined ? undefined : await readFile(join(certificates, `${authority}.pem`))
    await writeFile(path, kubeconfigText(settings, TOKEN, pem), { mode: 0o600 })
    return path
  }

  /** Nobody listens any more; the kubeconfigs stay. */
  async leave(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async stop(): Promise<void> {
    await this.leave()
    await rm(this.#directory, { recursive: true, force: true })
  }
}

/** Answers with the objects of the given paths, and for the rest as the API server does. */
export function objects(known: Readonly<Record<string, unknown>>): Respond {
  return (request, response) => {
    const object = known[request.url ?? '']
    if (object === undefined) notFound(request, response)
    else response.end(JSON.stringify(object))
  }
}

export function status(code: number, message: string): Respond {
  return (_, response) => {
    response.writeHead(code).end(JSON.stringify({ kind: 'Status', status: 'Failure', code, message }))
  }
}

function notFound(request: IncomingMessage, response: ServerResponse): void {
  status(404, 'not found')(request, response)
}
