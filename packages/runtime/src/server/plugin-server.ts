import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { CNI_ERROR, HTTP_PATH, PLUGIN_BODY_LIMIT } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { CniError, messageOf } from '../errors.ts'
import type { CallAnswer, PodCall } from '../mesh/call.ts'
import { BoundedServer } from './bounded-server.ts'
import type { AgentMetrics } from './metrics.ts'
import { podCallFrom } from './pod-call.ts'
import { requestBody } from './request-body.ts'

/** The answers to the plugin's calls; each may throw CniError. */
export interface PluginCalls {
  add(call: PodCall): Promise<CallAnswer>
  check(call: PodCall): Promise<CallAnswer>
  remove(call: PodCall): Promise<CallAnswer>
  /** Throws CniError when an ADD would fail now. */
  status(): void
}

const statusOf: ReadonlyMap<number, number> = new Map([
  [CNI_ERROR.undecodable, 400],
  [CNI_ERROR.podRefused, 422],
  [CNI_ERROR.tryAgainLater, 503],
])

type Route = (body: string, headers: IncomingHttpHeaders) => Promise<CallAnswer>

/** HTTP on the plugin's socket; the paths and the ADD's body are the original's contract, the rest is ours. */
export function createPluginServer(calls: PluginCalls, metrics: AgentMetrics, log: Logger): BoundedServer {
  const routes = new Map<string, Route>([
    [HTTP_PATH.add, (body, headers) => calls.add(podCallFrom(body, headers))],
    [HTTP_PATH.check, (body, headers) => calls.check(podCallFrom(body, headers))],
    [HTTP_PATH.del, (body, headers) => calls.remove(podCallFrom(body, headers))],
    [
      HTTP_PATH.status,
      async () => {
        calls.status()
        return { decision: 'none', because: 'the agent is ready' }
      },
    ],
  ])
  return new BoundedServer({ connections: 1024 }, async (request, response) => {
    const route = request.method === 'POST' ? routes.get(request.url ?? '') : undefined
    const { status, body } =
      route === undefined
        ? { status: 404, body: { code: CNI_ERROR.undecodable, msg: 'no such call' } }
        : await answer(route, request, log)
    if (request.url === HTTP_PATH.add) metrics.countPluginRequest(status)
    send(response, status, body)
  })
}

async function answer(route: Route, request: IncomingMessage, log: Logger) {
  try {
    return { status: 200, body: await route(await requestBody(request, PLUGIN_BODY_LIMIT), request.headers) }
  } catch (error) {
    const known = error instanceof CniError ? error : undefined
    if (known === undefined) log.error({ err: error, path: request.url }, 'failed to answer the plugin')
    const { code, message, details } = known ?? new CniError(CNI_ERROR.rulesNotApplied, messageOf(error))
    return { status: statusOf.get(code) ?? 500, body: { code, msg: message, ...(details && { details }) } }
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  })
  response.end(text)
}
