import { readFileSync } from 'node:fs'
import type { AgentProcess } from '../test/testbed/agent-process.ts'

export function agentMemory(agent: AgentProcess): string {
  const status = readFileSync(`/proc/${agent.child.pid}/status`, 'utf8')
  const mebibytes = (key: string) =>
    Math.round(Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024)
  return `${mebibytes('VmRSS')} MiB (of it anonymous ${mebibytes('RssAnon')})`
}

/** CPU time of the agent and of what it has executed, in milliseconds; the kernel counts in hundredths of a second. */
export function agentCpu(agent: AgentProcess): number {
  const fields = readFileSync(`/proc/${agent.child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0)
}
