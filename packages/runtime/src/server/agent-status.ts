import { request } from 'node:http'
import { HTTP_PATH } from '@istio-install-cni/config-schema'
import * as v from 'valibot'
import { AgentError, messageOf } from '../errors.ts'

/** Milliseconds until a silent agent counts as one that is not there. */
const patience = 5_000
const longestAnswer = 64 * 1024

const refusal = v.object({ msg: v.string(), details: v.optional(v.string(), '') })

/**
 * Asks the agent behind the plugin's socket whether an ADD would succeed now; resolves when it would. Throws
 * AgentError with the agent's reasons, or why it cannot be asked.
 */
export async function askAgentStatus(socketPath: string): Promise<void> {
  const { status, body } = await post(socketPath).catch((cause: unknown) => {
    throw new AgentError(`no agent answers at ${socketPath}: ${messageOf(cause)}`, { cause })
  })
  if (status !== 200)
    throw new AgentError(reasonsIn(body) ?? `the agent at ${socketPath} answered with status ${status}`)
}

function reasonsIn(body: string): string | undefined {
  try {
    const { msg, details } = v.parse(refusal, JSON.parse(body))
    return [msg, ...details.split('\n').filter((line) => line !== '')].join('; ')
  } catch {
    return undefined
  }
}

function post(socketPath: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patience)
    const asking = request(
      { socketPath, path: HTTP_PATH.status, method: 'POST', signal, agent: false },
      (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk
          if (body.length > longestAnswer) asking.destroy(new Error('its answer is too long'))
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
        response.on('error', reject)
      },
    )
    asking.on('error', (error) => reject(signal.aborted ? new Error('it does not answer') : error))
    asking.end('{}')
  })
}
