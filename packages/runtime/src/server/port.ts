import { once } from 'node:events'
import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { AgentError, messageOf } from '../errors.ts'

/** In the node's network an agent that still stops has the ports of the one that follows it. */
const predecessorMs = 5_000
const retryMs = 100

/** @throws AgentError that names the setting, for instance when another process has the port and keeps it */
export async function listenOnPort(
  server: Server,
  port: number,
  setting: string,
  log: Logger,
  patienceMs: number = predecessorMs,
): Promise<void> {
  const end = performance.now() + patienceMs
  let isTold = false
  for (;;) {
    try {
      server.listen(port)
      // Rejects when the server has an error instead.
      await once(server, 'listening')
      return
    } catch (cause) {
      const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
      if (!isTaken || performance.now() >= end)
        throw new AgentError(`${setting}: cannot listen on port ${port}: ${messageOf(cause)}`, { cause })
    }
    if (!isTold) log.info({ setting, port }, 'waits for a port that another process still has')
    isTold = true
    await delay(retryMs)
  }
}
