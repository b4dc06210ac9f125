import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { until } from './condition.ts'

const program = `${import.meta.dirname}/programs/node-alone.ts`
let directory: string
let state: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guard-test-'))
  state = join(directory, 'state')
})
afterEach(() => rm(directory, { recursive: true }))

it.each(['SIGINT', 'SIGKILL'] as const)('a cluster ends with the tests that %s ended', async (signal) => {
  const tests = spawn(process.execPath, [program], {
    env: { ...process.env, CLUSTER_STATE: state },
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  await once(tests.stdout, 'data')
  const [node = ''] = (await readFile(join(state, 'node.pid'), 'utf8')).split(' ')
  expect(existsSync(`/proc/${node}`)).toBe(true)

  // To the whole group, as a terminal does.
  process.kill(-(tests.pid ?? 0), signal)
  await until('the state directory is gone', async () => !existsSync(state))
  expect(existsSync(`/proc/${node}`)).toBe(false)
})
