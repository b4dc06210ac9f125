import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogger } from './log.ts'

let written: string
beforeEach(() => {
  written = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    written += String(chunk)
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

describe('a line of text', () => {
  it('has the time, the level, the scope, the message and the fields', () => {
    createLogger('agent', 'info', false).warn({ pod: 'web', why: 'two words' }, 'left a pod alone')
    expect(written).toMatch(/^\S+Z\twarn\tagent\tleft a pod alone\tpod=web why="two words"\n$/)
  })

  it('stays one line, and free of what a terminal obeys, whatever message, names and values hold', () => {
    const hostile = 'x\n2026\tinfo\u001b[2J\u009b\u2028'
    createLogger('agent', 'info', false).info({ [hostile]: hostile, 'a=1 b': 2 }, hostile)
    expect(written.trimEnd()).not.toMatch(/[\p{Zl}\n]|(?!\t)\p{Cc}/u)
    expect(written.split('\t')).toHaveLength(5)
    expect(written).toContain('"a=1 b"=2')
  })

  it('says an error once that is the message itself', () => {
    const cause = new Error('EADDRINUSE')
    createLogger('agent', 'info', false).fatal(
      { err: new Error('no port: EADDRINUSE', { cause }) },
      'no port: EADDRINUSE',
    )
    expect(written).toMatch(/\tagent\tno port: EADDRINUSE\n$/)
  })

  it.each([
    [new Error('boom'), 'boom'],
    ['words', 'words'],
    [{ message: { toString: 1 } }, '"{\\"message\\":{\\"toString\\":1}}"'],
  ])('says what the error %j is', (err, text) => {
    createLogger('agent', 'info', false).error({ err }, 'failed')
    expect(written).toMatch(/\tfailed\terror=/)
    expect(written).toContain(`error=${text}`)
  })
})
