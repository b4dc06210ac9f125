import { mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configuration, EXCLUDED_POD, environment, previousResult } from './call.ts'
import { execute } from './execute.ts'
import { FakeAgent } from './fake-agent.ts'

let agent: FakeAgent
let directory: string

beforeAll(async () => {
  agent = await FakeAgent.away()
  await agent.listenForLogs()
  directory = await mkdtemp(join(tmpdir(), 'istio-cni-log-'))
})
afterAll(async () => {
  await agent.stop()
  await rm(directory, { recursive: true, force: true })
})

function passing(changes: Readonly<Record<string, unknown>>) {
  return execute({ env: environment(EXCLUDED_POD), stdin: configuration(agent.runDir, changes) })
}

describe("the plugin's log", () => {
  it('reaches the agent as the original writes it', async () => {
    agent.logs.length = 0
    expect(await passing({ plugin_log_level: 'debug' })).toMatchObject({ exit: 0, stderr: '' })
    expect(agent.logs.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 'debug',
        msg: 'passed the pod without redirection',
        pod: 'dns',
        time: expect.stringMatching(/Z$/),
      },
    ])
  })

  it('has nothing to say at level info about a pod that passes', async () => {
    agent.logs.length = 0
    expect(await passing({ plugin_log_level: 'info' })).toMatchObject({ exit: 0, stderr: '' })
    expect(agent.logs).toEqual([])
  })

  it('goes to stderr when the agent is away, and the result stays alone on stdout', async () => {
    const stdin = configuration('/nonexistent', { plugin_log_level: 'debug' })
    const { stdout, stderr } = await execute({ env: environment(EXCLUDED_POD), stdin })
    expect(stdout).toBe(`${JSON.stringify(previousResult)}\n`)
    expect(JSON.parse(stderr)).toMatchObject({ level: 'debug', because: 'its namespace is excluded' })
  })

  it('starts a new file before it passes 10 MiB, and keeps one old one', async () => {
    const file = join(directory, 'plugin.log')
    await writeFile(file, '')
    await truncate(file, 10 * 1024 * 1024)
    await passing({ plugin_log_level: 'debug', plugin_log_file: file })
    await passing({ plugin_log_level: 'debug', plugin_log_file: file })
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(2)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(`${file}.1`)).size).toBe(10 * 1024 * 1024)
    expect(await readdir(directory)).toHaveLength(2)
  })

  it('does not write through a link', async () => {
    const file = join(directory, 'link.log')
    await symlink(join(directory, 'elsewhere'), file)
    const { exit, stderr } = await passing({ plugin_log_level: 'debug', plugin_log_file: file })
    expect(exit).toBe(0)
    expect(stderr).toContain(`cannot write the log file ${file}`)
    expect(await readdir(directory)).not.toContain('elsewhere')
  })
})
