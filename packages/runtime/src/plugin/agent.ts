import { CNI_ERROR, PLUGIN_BODY_LIMIT, PLUGIN_SOCKET_NAME } from '@istio-install-cni/config-schema'
import { CniError } from './errors.ts'
import type { HttpFailure, PluginPorts } from './ports.ts'
import { acceptsPeer, trustedSocket } from './trust.ts'

/** How long a caller is willing to wait, in milliseconds. */
export interface Patience {
  /** For an agent that is away or leaves in the middle; 0 means one try. */
  readonly connectMs: number
  /** For the answer of an agent that listens. */
  readonly answerMs: number
}

export interface AgentQuestion {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface AgentReply {
  readonly status: number
  readonly body: string
}

/** Nobody answers: the moment for whoever can decide without an agent. */
export class AgentAwayError extends CniError {}

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 200
/** A listener that is there gets this long, however late it is. */
const SHORTEST_CONNECT_MS = 250

/**
 * Asks the agent, again and again while it is away: its restart shall not be seen. Its paths are
 * idempotent, so a connection that ends without a reply is a reason to ask again, too.
 * @throws {AgentAwayError} code 11
 * @throws {CniError} code 11 for a reply that cannot be read, 110 for a peer that is not to be trusted
 */
export function askAgent(
  question: AgentQuestion,
  runDir: string,
  patience: Patience,
  ports: PluginPorts,
): AgentReply {
  const giveUp = ports.monotonicMs() + patience.connectMs
  let pause = FIRST_PAUSE_MS
  for (;;) {
    const outcome = askOnce(
      question,
      runDir,
      Math.max(giveUp - ports.monotonicMs(), SHORTEST_CONNECT_MS),
      patience,
      ports,
    )
    if ('status' in outcome) return outcome
    const left = giveUp - ports.monotonicMs()
    if (!isPassing(outcome) || left <= 0) throw away(outcome, runDir)
    ports.sleep(Math.min(pause, left))
    pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)
  }
}

function askOnce(
  { path, headers, body }: AgentQuestion,
  runDir: string,
  connectDeadlineMs: number,
  patience: Patience,
  ports: PluginPorts,
): AgentReply | HttpFailure {
  const socket = trustedSocket(runDir, PLUGIN_SOCKET_NAME, ports)
  if ('absent' in socket) return { failure: 'absent', detail: socket.absent }
  if ('distrust' in socket) throw untrusted(socket.distrust)
  const reply = ports.request({
    socketPath: socket.path,
    method: 'POST',
    path,
    headers: { 'Content-Type': 'application/json', ...headers },
    body,
    connectDeadlineMs,
    deadlineMs: patience.answerMs,
    replyLimit: PLUGIN_BODY_LIMIT,
  })
  if ('failure' in reply) return reply
  if (!acceptsPeer(socket, reply.peerUserId)) {
    throw untrusted(
      `user ${reply.peerUserId} listens on ${socket.path}, expected one of ${socket.userIds.join(', ')}`,
    )
  }
  return reply
}

function isPassing({ failure }: HttpFailure): boolean {
  return failure === 'absent' || failure === 'refused' || failure === 'closed'
}

function away({ failure, detail }: HttpFailure, runDir: string): CniError {
  const socket = `${runDir}/${PLUGIN_SOCKET_NAME}`
  if (failure === 'garbage' || failure === 'too-large') {
    return new CniError(
      CNI_ERROR.tryAgainLater,
      'unexpected reply of the istio-cni agent of this node',
      `${socket}: ${detail}`,
    )
  }
  const state = failure === 'timeout' ? 'did not answer in time' : 'is away'
  return new AgentAwayError(
    CNI_ERROR.tryAgainLater,
    `the istio-cni agent of this node ${state}`,
    `${socket}: ${detail}; is the pod of DaemonSet istio-cni-node on this node running and ready?`,
  )
}

function untrusted(reason: string): CniError {
  return new CniError(CNI_ERROR.untrustedAgent, 'the socket of the istio-cni agent cannot be trusted', reason)
}
