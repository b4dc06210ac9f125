import {
  AGENT_RUN_DIR,
  HTTP_PATH,
  LOG_SOCKET_NAME,
  type LogLevel,
  type PluginConfig,
} from '@istio-install-cni/config-schema'
import { CniError } from './errors.ts'
import type { PluginOutcome } from './plugin.ts'
import type { PluginPorts } from './ports.ts'
import { acceptsPeer, trustedSocket } from './trust.ts'

/** The runtime waits for us to end: connecting and being answered get this long each, in milliseconds. */
const DEADLINE_MS = 100

/** Bytes at which the log file starts anew; one old file is kept (the original's size). */
const LOG_FILE_LIMIT = 10 * 1024 * 1024

interface Destination {
  readonly level: LogLevel
  readonly runDir: string
  readonly file: string | undefined
}

/**
 * Sends a call's lines to the agent, or returns them for stderr when it does not take them; a log file
 * gets them in any case. One request for all lines, none when the level keeps them all back.
 */
export function deliverLog({ log, config }: PluginOutcome, ports: PluginPorts): string {
  const { level, runDir, file } = destinationOf(config && readable(config))
  const lines = log.linesFrom(level)
  if (lines.length === 0) return ''
  const text = lines.map((line) => `${line}\n`).join('')
  const problem = file === undefined ? undefined : ports.appendToFile(file, text, LOG_FILE_LIMIT)
  const complaint = problem === undefined ? '' : `istio-cni: cannot write the log file ${file}: ${problem}\n`
  return (reachesAgent(lines, runDir, ports) ? '' : text) + complaint
}

function destinationOf(config: PluginConfig | undefined): Destination {
  if (config === undefined) return { level: 'info', runDir: AGENT_RUN_DIR, file: undefined }
  return { level: config.logLevel, runDir: config.agentRunDir, file: config.pluginLogFile }
}

function readable(config: () => PluginConfig): PluginConfig | undefined {
  try {
    return config()
  } catch (error) {
    if (error instanceof CniError) return undefined
    throw error
  }
}

/** The original's contract: a JSON array of texts, each a JSON object. */
function reachesAgent(lines: readonly string[], runDir: string, ports: PluginPorts): boolean {
  const socket = trustedSocket(runDir, LOG_SOCKET_NAME, ports)
  if (!('path' in socket)) return false
  const reply = ports.request({
    socketPath: socket.path,
    method: 'POST',
    path: HTTP_PATH.log,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(lines),
    connectDeadlineMs: DEADLINE_MS,
    deadlineMs: DEADLINE_MS,
    replyLimit: 1024,
  })
  return 'status' in reply && reply.status === 200 && acceptsPeer(socket, reply.peerUserId)
}
