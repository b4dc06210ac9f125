// Every recorded call of the original's plugin, repeated with the real binary of ours.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../plugin/execute.ts'
import { FakeAgent, type ReceivedRequest, type ScriptedReply } from '../plugin/fake-agent.ts'
import { type PodNamespace, podNamespace } from '../plugin/pod-namespace.ts'
import {
  DIFFERENCES,
  REALLY_WITHOUT_AGENT,
  SPECIFIED_CODES,
  UNKNOWN_POD,
} from './plugin-protocol-differences.ts'

interface RecordedAgent {
  readonly status?: number
  readonly body?: string
  readonly garbage?: string
  /** Seconds. */
  readonly delay?: number
}

interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
}

interface Recording {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly netconf?: Readonly<Record<string, unknown>>
  readonly stdin?: string
  readonly agent: 'absent' | RecordedAgent
  readonly exit: number
  readonly result: Readonly<Record<string, unknown>> | null
  readonly requests?: readonly RecordedRequest[]
}

const RECORDED_RUN_DIR = '/var/run/istio-cni'
const RECORDED_NETNS = '/var/run/netns/conf0'

const recordings = readFileSync(join(import.meta.dirname, 'data/plugin-protocol.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line): Recording => JSON.parse(line))

let pod: PodNamespace
let repeated: ReadonlyMap<string, Awaited<ReturnType<typeof repeat>>>

// All at once: a few of them wait for deadlines.
beforeAll(async () => {
  pod = await podNamespace()
  repeated = new Map(
    await Promise.all(
      recordings.map(async (recording) => [recording.name, await repeat(recording)] as const),
    ),
  )
})
afterAll(() => pod.end())

describe('a recorded call of the plugin', () => {
  it.each(recordings.map((recording) => [recording.name, recording] as const))('%s', (name, recording) => {
    const answered = repeated.get(name)
    if (answered === undefined) throw new Error('the call was not repeated')
    const { answer, requests } = answered
    const difference = DIFFERENCES[name]
    expect(answer, answer.stderr).toMatchObject({ exit: difference?.exit ?? recording.exit, signal: null })

    if (answer.exit !== 0) {
      const recordedCode = recording.result?.code
      const code = difference?.code ?? SPECIFIED_CODES[name] ?? recordedCode
      expect(JSON.parse(answer.stdout)).toMatchObject({
        cniVersion: expect.any(String),
        code,
        msg: expect.stringMatching(/./),
      })
    } else {
      const printed: unknown = answer.stdout === '' ? null : JSON.parse(answer.stdout)
      const expected = difference?.result === 'previous' ? recording.netconf?.prevResult : difference?.result
      expect(withoutEmptyDns(printed)).toEqual(withoutEmptyDns(expected ?? recording.result))
    }

    const [recordedRequest] = recording.requests ?? []
    if (recordedRequest === undefined) return
    const { method, path, headers, body } = recordedRequest
    expect(requests[0]).toMatchObject({ method, path, body: JSON.stringify(body) })
    expect(requests[0]?.headers).toMatchObject({
      host: headers.host,
      'content-type': headers['content-type'],
      'cni-container-id': 'c0',
      'cni-ifname': 'eth0',
      'cni-pod-uid': '0aa2ff9b-3d6f-4f4e-9b3a-6f0a6a2f7a11',
    })
    expect(String(Buffer.byteLength(requests[0]?.body ?? ''))).toBe(headers['content-length'])
  })
})

describe('the table of differences', () => {
  it('names recordings only', () => {
    const names = recordings.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining([...Object.keys(DIFFERENCES), ...Object.keys(SPECIFIED_CODES)]),
    )
  })

  it('leaves no code 999 of the original without one of ours', () => {
    const internal = recordings.filter(({ result }) => result?.code === 999).map(({ name }) => name)
    expect([...Object.keys(SPECIFIED_CODES), ...Object.keys(DIFFERENCES)]).toEqual(
      expect.arrayContaining(internal),
    )
  })
})

/** Executes a recorded call in a place of its own; what the agent received is told in the recorded place's names. */
async function repeat(recording: Recording) {
  const { env, netconf, stdin } = recording
  const agent = REALLY_WITHOUT_AGENT.includes(recording.name)
    ? await FakeAgent.away()
    : await FakeAgent.started((request) => replyOf(recording, request))
  try {
    const input = stdin ?? JSON.stringify(netconf)
    const answer = await execute({
      env: env.CNI_NETNS === RECORDED_NETNS ? { ...env, CNI_NETNS: pod.path } : env,
      stdin: input.replaceAll(`"${RECORDED_RUN_DIR}"`, JSON.stringify(agent.runDir)),
    })
    const requests = agent.requests.map((request) => ({
      ...request,
      body: request.body.replace(`"${pod.path}"`, `"${RECORDED_NETNS}"`),
    }))
    return { answer, requests }
  } finally {
    await agent.stop()
  }
}

function replyOf({ agent }: Recording, { body }: ReceivedRequest): ScriptedReply {
  if (body.includes(`"PodName":"${UNKNOWN_POD}"`))
    return { status: 503, body: '{"code":11,"msg":"no such pod"}' }
  if (agent === 'absent') return { body: '{"decision":"none","because":"it is not in the mesh"}' }
  const { status, body: text, garbage, delay } = agent
  return {
    ...(status === undefined ? {} : { status }),
    ...(text === undefined ? {} : { body: text }),
    ...(garbage === undefined ? {} : { raw: garbage }),
    ...(delay === undefined ? {} : { delayMs: delay * 1000 }),
  }
}

/** Says nothing, and the original leaves it out from version 1.0.0 on; ours passes on what it was given. */
function withoutEmptyDns(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('dns' in result)) return result
  const { dns, ...rest } = result
  return JSON.stringify(dns) === '{}' ? rest : result
}
