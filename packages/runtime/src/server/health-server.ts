import { HEALTH_PATH, READY_PATH } from '@istio-install-cni/config-schema'
import { BoundedServer } from './bounded-server.ts'

/** Empty when the agent is ready; else one reason a line, for whoever runs `curl` or reads the probe's event. */
export type UnreadyReasons = () => readonly string[]

/** `/healthz` answers while the event loop runs; `/readyz` says why it is not ready. Paths are the original's. */
export function createHealthServer(unreadyReasons: UnreadyReasons): BoundedServer {
  return new BoundedServer({ connections: 64 }, (request, response) => {
    const reasons = request.url === READY_PATH ? unreadyReasons() : []
    const status =
      request.url === READY_PATH || request.url === HEALTH_PATH ? (reasons.length > 0 ? 503 : 200) : 404
    const body = status === 404 ? 'not found' : reasons.length > 0 ? reasons.join('\n') : 'ok'
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${body}\n`)
  })
}
