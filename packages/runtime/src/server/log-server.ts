import { createServer, type Server } from 'node:http'
import { HTTP_PATH } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import * as v from 'valibot'
import { CniError, messageOf } from '../errors.ts'
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
export function createLogServer(log: Logger): Server {
  return createServer(async (request, response) => {
    try {
      if (request.method === 'POST' && request.url === HTTP_PATH.log) {
        writeLines(await requestBody(request, largestBody), log)
        response.writeHead(200, { connection: 'close' }).end()
      } else response.writeHead(404, { connection: 'close' }).end()
    } catch (error) {
      log.warn({ why: messageOf(error) }, 'dropped log lines of the plugin')
      response.writeHead(error instanceof CniError ? 400 : 500, { connection: 'close' }).end()
    }
  })
}

function writeLines(body: string, log: Logger): void {
  for (const text of v.parse(v.array(v.string()), JSON.parse(body))) {
    const { level, msg, time, ...fields } = v.parse(line, JSON.parse(text))
    log[level]({ ...fields, ...(time !== undefined && { at: time }) }, msg.trim())
  }
}
