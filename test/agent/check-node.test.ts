import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { nodeFlags } from '@istio-install-cni/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NodeBed } from './node-bed.ts'

const dist = join(import.meta.dirname, '../../dist')
let bed: NodeBed

beforeEach(async () => {
  bed = await NodeBed.create()
})
afterEach(() => bed.close())

/** As another container of the node does it: with the same settings, and nothing of the agent but its directories. */
function checkNode(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = {
    MOUNTED_CNI_NET_DIR: bed.netDir,
    MOUNTED_CNI_BIN_DIRS: bed.binDir,
    CNI_BIN_SOURCE_DIR: dist,
    CNI_AGENT_RUN_DIR: bed.runDir,
  }
  const program = [...nodeFlags, join(dist, 'install-cni.mjs'), 'check-node', ...args]
  return spawnSync(process.execPath, program, { env, encoding: 'utf8' })
}

describe('install-cni check-node', () => {
  it('finds a working installation, and that it is not one any more once the agent is gone', async () => {
    const agent = bed.agent()
    await agent.ready()
    const good = checkNode()
    expect(good.stdout).toMatch(/^ok +agent +is ready\nok +network +10-test.conflist .*\nok +plugin .*\n$/)
    expect(good.status).toBe(0)

    await agent.stop()
    const { status, stdout } = checkNode()
    expect(stdout).toMatch(/^FAILED +agent +no agent answers at .*\nok +network .*\nok +plugin .*\n$/)
    expect(status).toBe(1)
  })

  it('says how it is used', () => {
    expect(checkNode('soon')).toMatchObject({ status: 2, stderr: expect.stringMatching(/^usage: /) })
  })
})
