import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PLUGIN_SOCKET_NAME, type Settings } from '@istio-install-cni/config-schema'
import { AgentError, messageOf } from './errors.ts'
import { type Report, reportOf } from './findings.ts'
import { type Finding, installedOnNode } from './install/installed.ts'
import { askAgentStatus } from './server/agent-status.ts'

const longestWait = 600

/**
 * `install-cni check-node [seconds]`: does this node have a working installation? Looks from outside of the agent,
 * as the plugin does, and changes nothing. Looks again for the given time while something is wrong.
 * Throws AgentError when the argument is no number of seconds.
 */
export async function checkNode(args: readonly string[], settings: Settings): Promise<Report> {
  const until = performance.now() + secondsOf(args) * 1_000
  for (;;) {
    const report = reportOf([await agentOf(settings), ...(await installedOnNode(settings))])
    if (report.isGood || performance.now() >= until) return report
    await delay(500)
  }
}

function secondsOf(args: readonly string[]): number {
  const [given = '0', ...more] = args
  const seconds = Number(given)
  if (more.length === 0 && /^\d{1,3}$/.test(given) && seconds <= longestWait) return seconds
  throw new AgentError(`usage: install-cni check-node [seconds to wait for it, at most ${longestWait}]`)
}

async function agentOf(settings: Settings): Promise<Finding> {
  try {
    await askAgentStatus(join(settings.cniAgentRunDir, PLUGIN_SOCKET_NAME))
    return { part: 'agent', isGood: true, says: 'is ready' }
  } catch (error) {
    return { part: 'agent', isGood: false, says: messageOf(error) }
  }
}
