import { CNI_ERROR, HTTP_PATH } from '@istio-install-cni/config-schema'
import { AgentAwayError, askAgent } from './agent.ts'
import type { Call } from './call.ts'
import { CniError } from './errors.ts'
import { doneOf } from './reply.ts'
import { isKnownUninstalled } from './without-agent.ts'

/** Asked often, and an answer that comes late is none: long enough for a quick restart of the agent. */
const PATIENCE = { connectMs: 2000, answerMs: 2000 }
const API_PATIENCE_MS = 2000

/** What the original's agent says to a path that it does not know: it listens, so an ADD can work. */
const UNKNOWN_PATH = 404

/**
 * STATUS: whether an ADD could work now.
 *
 * Without an agent that is code 50, not 51: pods that are redirected already keep their rules and
 * their proxies, so their connectivity does not suffer. An agent that knows better says 51 itself. Where
 * the agent was uninstalled ADD lets pods start, so it works.
 * @throws {CniError} code 50 or 51
 */
export function status({ config, log, ports }: Call): void {
  const question = { path: HTTP_PATH.status, headers: {}, body: '{}' }
  try {
    const reply = askAgent(question, config().agentRunDir, PATIENCE, ports)
    if (reply.status !== UNKNOWN_PATH) doneOf(reply)
  } catch (error) {
    const isOrphan =
      error instanceof AgentAwayError && isKnownUninstalled({ config: config(), log, ports }, API_PATIENCE_MS)
    if (isOrphan) return
    throw error instanceof CniError ? asStatus(error) : error
  }
}

function asStatus(error: CniError): CniError {
  const { code, message, details } = error
  const isStatus = code === CNI_ERROR.notAvailable || code === CNI_ERROR.limitedConnectivity
  return isStatus || code === CNI_ERROR.invalidConfig
    ? error
    : new CniError(CNI_ERROR.notAvailable, message, details, error)
}
