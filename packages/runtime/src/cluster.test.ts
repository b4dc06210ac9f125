import { loadSettings } from '@istio-install-cni/config-schema'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { clusterOf } from './cluster.ts'
import { AgentMetrics } from './server/metrics.ts'

async function warningsWith(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const lines: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line).msg) })
  const { settings } = loadSettings({ env: { NODE_NAME: 'node', ...env }, argv: [] })
  await clusterOf(settings, new AgentMetrics(), log).close()
  return lines
}

describe('the cluster of an agent', () => {
  it('is warned of when whoever answers as its API server is believed', async () => {
    expect(await warningsWith({ SKIP_TLS_VERIFY: 'true' })).toEqual([
      expect.stringContaining('SKIP_TLS_VERIFY'),
    ])
    expect(await warningsWith({})).toEqual([])
  })
})
