import { CNI_ERROR } from '@istio-install-cni/config-schema'
import type { AgentReply } from './agent.ts'
import { CniError } from './errors.ts'
import { JsonError, parseJson } from './json.ts'
import { isObject } from './previous-result.ts'

/** What the agent did with a pod. */
export interface Done {
  /** `unnamed`: an agent of the original, which says no more than that it is done. */
  readonly decision: 'none' | 'sidecar' | 'ambient' | 'unnamed'
  readonly because: string
}

const LONGEST_REASON = 1024

/**
 * Reads a reply. What is not expected is an error, never a success: a pod must not start outside the
 * mesh because somebody answered something.
 * @throws {CniError} the agent's own error, or code 11
 */
export function doneOf(reply: AgentReply): Done {
  if (reply.status !== 200) throw refusal(reply)
  if (reply.body === '') return { decision: 'unnamed', because: 'the agent is done' }
  const json = jsonOf(reply.body)
  if (isObject(json)) {
    const { decision, because } = json
    if (decision === 'none' || decision === 'sidecar' || decision === 'ambient') {
      return { decision, because: typeof because === 'string' ? because : '' }
    }
  }
  throw unexpected(reply)
}

/** The error that a reply other than 200 stands for: ours is JSON, the original's a text. */
function refusal(reply: AgentReply): CniError {
  if (reply.status < 400) return unexpected(reply)
  const json = jsonOf(reply.body)
  if (isObject(json)) {
    const { code, msg, details } = json
    if (isCode(code) && typeof msg === 'string') {
      return new CniError(code, msg, typeof details === 'string' ? details : undefined)
    }
  }
  const reason = reply.body.trim().slice(0, LONGEST_REASON) || 'no reason given'
  return new CniError(
    CNI_ERROR.tryAgainLater,
    `the istio-cni agent of this node failed: ${reason}`,
    `HTTP status ${reply.status}`,
  )
}

/** Runtimes read a code into an unsigned integer; a larger number would cost them the whole error. */
function isCode(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31
}

function unexpected({ status, body }: AgentReply): CniError {
  const excerpt = JSON.stringify(body.slice(0, 256))
  return new CniError(
    CNI_ERROR.tryAgainLater,
    'unexpected reply of the istio-cni agent of this node',
    `HTTP status ${status}, body ${excerpt}`,
  )
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}
