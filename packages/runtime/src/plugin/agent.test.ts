import { describe, expect, it } from 'vitest'
import { AgentAwayError, askAgent } from './agent.ts'
import { done, portsOf, RUN_DIR, rootDirectory, rootSocket, type World, world } from './fake-world.ts'
import type { HttpFailure } from './ports.ts'

const socketPath = `${RUN_DIR}/pluginevent.sock`
const question = { path: '/cmdadd', headers: {}, body: '{}' }
const refused: HttpFailure = { failure: 'refused', detail: 'Connection refused' }
const closed: HttpFailure = { failure: 'closed', detail: 'the connection ended' }

function ask(changes: Partial<World>, patience = { connectMs: 5000, answerMs: 10_000 }) {
  const ports = portsOf(world(changes))
  const attempt = () => askAgent(question, RUN_DIR, patience, ports)
  return { ports, attempt }
}

function thrownBy(attempt: () => unknown): unknown {
  try {
    attempt()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('askAgent', () => {
  it('waits out a restart of the agent', () => {
    const { ports, attempt } = ask({ replies: [refused, refused, closed, done] })
    expect(attempt()).toMatchObject({ status: 200 })
    expect(ports.requests).toHaveLength(4)
    expect(ports.elapsed()).toBeLessThan(1000)
  })

  it.each([
    ['nobody listens', { replies: [refused] }],
    ['it leaves every time', { replies: [closed] }],
    ['there is no socket', { files: { [RUN_DIR]: rootDirectory }, replies: [] }],
    ['there is no directory', { files: {}, replies: [] }],
  ])('gives up after five seconds when %s', (_, changes) => {
    const { ports, attempt } = ask(changes)
    const error = thrownBy(attempt)
    expect(error).toBeInstanceOf(AgentAwayError)
    expect(error).toMatchObject({ code: 11, details: expect.stringContaining(socketPath) })
    expect(ports.elapsed()).toBe(5000)
  })

  it('tries once without patience', () => {
    const { ports, attempt } = ask({ replies: [refused] }, { connectMs: 0, answerMs: 1500 })
    expect(thrownBy(attempt)).toMatchObject({ code: 11 })
    expect(ports.requests).toHaveLength(1)
    expect(ports.elapsed()).toBe(0)
  })

  it('does not ask again an agent that hangs', () => {
    const { ports, attempt } = ask({ replies: [{ failure: 'timeout', detail: 'no reply in time' }] })
    expect(thrownBy(attempt)).toMatchObject({ code: 11, message: expect.stringContaining('in time') })
    expect(ports.requests).toHaveLength(1)
    expect(ports.elapsed()).toBe(10_000)
  })

  it.each(['garbage', 'too-large'] as const)('does not ask again after a reply that is %s', (failure) => {
    const { ports, attempt } = ask({ replies: [{ failure, detail: 'x' }] })
    expect(thrownBy(attempt)).toMatchObject({
      code: 11,
      message: expect.stringContaining('unexpected reply'),
    })
    expect(ports.requests).toHaveLength(1)
  })

  it.each([
    ['anybody may write into the directory', { [RUN_DIR]: { ...rootDirectory, mode: 0o777 } }],
    ['a group may write into the directory', { [RUN_DIR]: { ...rootDirectory, groupId: 7, mode: 0o775 } }],
    ['the directory is none', { [RUN_DIR]: rootSocket }],
    [
      'the socket is a link',
      { [RUN_DIR]: rootDirectory, [socketPath]: { ...rootSocket, kind: 'link' as const } },
    ],
    [
      "the directory is a stranger's, in a place for all",
      {
        '/var/run': { ...rootDirectory, mode: 0o1777 },
        [RUN_DIR]: { ...rootDirectory, userId: 1000 },
        [socketPath]: rootSocket,
      },
    ],
  ])('speaks to nobody when %s', (_, files) => {
    const { ports, attempt } = ask({ files })
    expect(thrownBy(attempt)).toMatchObject({ code: 110 })
    expect(ports.requests).toEqual([])
  })

  it('refuses the answer of a listener that is neither root nor owner of the socket', () => {
    const { attempt } = ask({ replies: [{ ...done, peerUserId: 1000 }] })
    expect(thrownBy(attempt)).toMatchObject({ code: 110, details: expect.stringContaining('user 1000') })
  })

  it('accepts an agent that is not root', () => {
    const files = {
      '/var/run': rootDirectory,
      [RUN_DIR]: { ...rootDirectory, userId: 65532 },
      [socketPath]: { ...rootSocket, userId: 65532 },
    }
    const { attempt } = ask({ files, replies: [{ ...done, peerUserId: 65532 }] })
    expect(attempt()).toMatchObject({ status: 200 })
  })
})
