import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configuration, EXCLUDED_POD, environment, previousResult } from './call.ts'
import { Calls } from './calls.ts'
import { execute } from './execute.ts'
import type { FakeAgent, ReplyTo, ScriptedReply } from './fake-agent.ts'
import { listenBehind } from './listener.ts'

const calls = new Calls()

beforeAll(() => calls.begin())
afterAll(() => calls.end())

describe.concurrent('ADD with an agent', () => {
  it.each<[string, ScriptedReply]>([
    ['that says done in an empty reply', {}],
    ['that names its decision', { body: '{"decision":"sidecar","because":"it has a sidecar"}' }],
    [
      'that answers in chunks',
      { raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n{"decision":"none"}\r\n0\r\n\r\n' },
    ],
    ['that gives no length', { raw: 'HTTP/1.1 200 OK\r\n\r\n{"decision":"none"}' }],
    ['that leaves the connection open', { body: '{"decision":"none"}', keepOpen: true }],
    ['that takes its time', { delayMs: 1200 }],
  ])('%s succeeds', async (_, reply) => {
    expect(await calls.call(await calls.agentThat(() => reply))).toMatchObject({
      exit: 0,
      stderr: '',
      result: previousResult,
    })
  })

  it.each<[string, ScriptedReply, number]>([
    ['that refuses in text', { status: 500, body: 'no ztunnel connection' }, 11],
    ['that refuses without a word', { status: 503 }, 11],
    ['that refuses by name', { status: 422, body: '{"code":100,"msg":"bad annotation"}' }, 100],
    ['that speaks no HTTP', { raw: 'SSH-2.0-x\r\n' }, 11],
    ['that says something else', { body: 'ok' }, 11],
    ['that says too much', { body: 'x'.repeat(64 * 1024 + 1) }, 11],
    [
      'that promises too much',
      { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n' },
      11,
    ],
    [
      'that chunks too much',
      { raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\nx' },
      11,
    ],
    ['that breaks its chunks', { raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz' }, 11],
    [
      'with an endless chunk head',
      { raw: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0;${'x'.repeat(600_000)}\r\n\r\n` },
      11,
    ],
    ['with two lengths', { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 2\r\n\r\nno' }, 11],
    ['that is longer than it says', { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nno' }, 11],
    ['with a length that is no number', { raw: 'HTTP/1.1 200 OK\r\nContent-Length: +0\r\n\r\n' }, 11],
    ['with endless headers', { raw: `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(10_000)}`, keepOpen: true }, 11],
    ['with one endless header', { raw: `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(100_000)}`, keepOpen: true }, 11],
    ['that nests deeply', { body: '['.repeat(60_000) }, 11],
    ['that nests deeply in an error', { status: 500, body: '{"a":'.repeat(12_000) }, 11],
  ])('%s fails', async (_, reply, code) => {
    const { exit, signal, result } = await calls.call(await calls.agentThat(() => reply))
    expect({ exit, signal }).toEqual({ exit: 1, signal: null })
    expect(result).toMatchObject({ cniVersion: '1.1.0', code })
  })

  it('waits for one that starts late', async () => {
    const agent = await calls.agentAway()
    const calling = calls.call(agent)
    setTimeout(() => agent.listen(() => ({})), 700)
    expect(await calling).toMatchObject({ exit: 0, result: previousResult })
  })

  it('asks again when it dies in the middle', async () => {
    let asked = 0
    const agent = await calls.agentThat(() => (++asked === 1 ? { raw: 'HTTP/1.1 200 OK\r\nContent-Le' } : {}))
    expect(await calls.call(agent)).toMatchObject({ exit: 0 })
    expect(asked).toBe(2)
  })

  it('serves fifty calls at once', async () => {
    const agent = await calls.agentThat(() => ({ delayMs: 50 }))
    const answers = await Promise.all(Array.from({ length: 50 }, () => calls.call(agent)))
    expect(answers.filter(({ exit }) => exit === 0)).toHaveLength(50)
    expect(agent.requests).toHaveLength(50)
  })
})

describe.concurrent('ADD without an answer', () => {
  it.each<[string, () => Promise<FakeAgent>]>([
    ['is away', () => calls.agentAway()],
    ['hangs', () => calls.agentThat(() => ({ delayMs: 60_000 }))],
    [
      'hangs in the middle of its reply',
      () => calls.agentThat(() => ({ raw: 'HTTP/1.1 200 OK\r\nA', keepOpen: true })),
    ],
    ['has a socket left that nobody listens on', agentWithDeadSocket],
    ['always closes', () => calls.agentThat(() => ({ raw: '' }))],
  ])('fails with code 11 when the agent %s', async (_, agent) => {
    expect(await calls.call(await agent())).toMatchObject({ exit: 1, signal: null, result: { code: 11 } })
  })
})

describe.concurrent('the other verbs', () => {
  it.each([
    ['CHECK', '/cmdcheck'],
    ['DEL', '/cmddel'],
    ['STATUS', '/cmdstatus'],
  ])('%s asks %s and prints nothing', async (verb, path) => {
    const agent = await calls.agentThat(() => ({ body: '{"decision":"none","because":"so"}' }))
    expect(await calls.call(agent, verb)).toMatchObject({ exit: 0, stdout: '', stderr: '' })
    expect(agent.requests).toMatchObject([{ method: 'POST', path }])
  })

  it.each<[string, ReplyTo | undefined]>([
    ['is away', undefined],
    ['hangs', () => ({ delayMs: 60_000 })],
    ['speaks no HTTP', () => ({ raw: 'SSH-2.0-x\r\n' })],
    ['refuses', () => ({ status: 500, body: 'no' })],
  ])('DEL succeeds, STATUS gives 50 and CHECK 11 when the agent %s', async (_, reply) => {
    const agent = reply === undefined ? await calls.agentAway() : await calls.agentThat(reply)
    const [del, status, check, gc] = await Promise.all(
      ['DEL', 'STATUS', 'CHECK', 'GC'].map((verb) => calls.call(agent, verb)),
    )
    expect(del).toMatchObject({ exit: 0, stdout: '' })
    expect(gc).toMatchObject({ exit: 0, stdout: '' })
    expect(status).toMatchObject({ exit: 1, result: { code: 50 } })
    expect(check).toMatchObject({ exit: 1, result: { code: 11 } })
  })

  it('DEL succeeds with nothing of ours left on the node', async () => {
    const env = environment({ CNI_COMMAND: 'DEL' })
    const stdin = configuration('/nonexistent', { exclude_namespaces: 'broken', prevResult: undefined })
    expect(await execute({ env, stdin })).toMatchObject({ exit: 0, stdout: '' })
  })

  it('ADD of an exempt pod needs no run dir', async () => {
    const answer = await execute({ env: environment(EXCLUDED_POD), stdin: configuration('/nonexistent') })
    expect(answer).toMatchObject({ exit: 0, stderr: '', stdout: `${JSON.stringify(previousResult)}\n` })
  })
})

async function agentWithDeadSocket(): Promise<FakeAgent> {
  const agent = await calls.agentAway()
  await listenBehind(agent, { thenLeave: true })
  return agent
}
