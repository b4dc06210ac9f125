import { HTTP_PATH } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import * as v from 'valibot'
import { messageOf } from '../errors.ts'
import { BoundedServer } from './bounded-server.ts'
import { requestBody } from './request-body.ts'

const largestBody = 1 << 20
const line = v.looseObject({
  level: v.picklist(['debug', 'info', 'warn', 'error']),
  msg: v.string(),
  time: v.optional(v.string()),
})

/**
 * Takes the plugin's log lines: `POST /log`, a JSON array of strings, each a JSON object with level, time, msg and
 * any fields (the original's contract, cni/pkg/log/uds.go). What cannot be understood is counted in one line.
 */
export function createLogServer(log: Logger): BoundedServer {
  return new BoundedServer({ connections: 256 }, async (request, response) => {
    try {
      if (request.method === 'POST' && request.url === HTTP_PATH.log) {
        writeLines(await requestBody(request, largestBody), log)
        response.writeHead(200, { connection: 'close' }).end()
      } else response.writeHead(404, { connection: 'close' }).end()
    } catch (error) {
      log.warn({ why: messageOf(error) }, 'dropped log lines of the plugin')
      response.writeHead(400, { connection: 'close' }).end()
    }
  })
}

function writeLines(body: string, log: Logger): void {
  const lines = v.parse(v.array(v.string()), JSON.parse(body))
  const failures: string[] = []
  for (const text of lines) {
    try {
      writeLine(text, log)
    } catch (error) {
      failures.push(messageOf(error))
    }
  }
  if (failures.length > 0)
    log.warn({ lines: failures.length, why: failures[0] }, 'dropped log lines of the plugin')
}

function writeLine(text: string, log: Logger): void {
  const { level, msg, time, scope, ...fields } = v.parse(line, JSON.parse(text))
  // The agent's own columns are not a plugin's to write.
  const renamed = {
    ...(scope !== undefined && { 'plugin-scope': scope }),
    ...(time !== undefined && { at: time }),
  }
  log[level]({ ...fields, ...renamed }, msg.trim())
}
