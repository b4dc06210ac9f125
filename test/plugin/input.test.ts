import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { buildPlugin } from '../../scripts/build-native.ts'
import { configuration, EXCLUDED_POD, environment } from './call.ts'
import { execute } from './execute.ts'

const verbs = ['ADD', 'CHECK', 'DEL', 'STATUS', 'GC']

const inputs: readonly (readonly [string, string | Uint8Array])[] = [
  ['nothing', ''],
  ['white space', ' \n'],
  ['no JSON', 'hello'],
  ['a list', '[]'],
  ['half an object', '{"cniVersion": "1.1.0", "name": "po'],
  ['10 MB of zeros', new Uint8Array(10_000_000)],
  ['10 MB of JSON', `{"name": "${'x'.repeat(10_000_000)}"}`],
  ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ['half a million open brackets', '['.repeat(500_000)],
  ['deep objects', `{"a":`.repeat(100_000)],
  ['a byte order mark', '\ufeff{"cniVersion": "1.1.0", "name": "pods"}'],
]

describe.each(verbs)('%s', (CNI_COMMAND) => {
  it.each(inputs)('answers %s with code 6', async (_, stdin) => {
    const { exit, signal, stdout } = await execute({ env: environment({ CNI_COMMAND }), stdin })
    expect({ exit, signal }).toEqual({ exit: 1, signal: null })
    expect(JSON.parse(stdout)).toMatchObject({ cniVersion: '1.1.0', code: 6, msg: expect.any(String) })
  })

  it('answers a version that nobody knows with code 1', async () => {
    const stdin = configuration('/nonexistent', { cniVersion: '2.0.0' })
    const { exit, stdout } = await execute({ env: environment({ CNI_COMMAND }), stdin })
    expect(exit).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ code: 1 })
  })
})

describe('the binary', () => {
  it('copes with a configuration that is as large as it may be', async () => {
    const filler = Array.from({ length: 330_000 }, () => [])
    const { exit, stdout, stderr } = await execute({
      env: environment(EXCLUDED_POD),
      stdin: configuration('/nonexistent', { filler }),
    })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ cniVersion: '1.1.0' })
  })

  it('gives the previous result back to the byte', async () => {
    const previous = '{"ips":[], "cniVersion" : "1.1.0", "n":12345678901234567890, "é":"\\ud800"}'
    const stdin = configuration('/nonexistent').replace(/"prevResult":.*$/, `"prevResult":${previous}}`)
    expect(await execute({ env: environment(EXCLUDED_POD), stdin })).toEqual({
      exit: 0,
      signal: null,
      stdout: `${previous}\n`,
      stderr: '',
    })
  })

  it('answers VERSION while standard input stays open', async () => {
    const child = spawn(await buildPlugin(), [], {
      env: { CNI_COMMAND: 'VERSION' },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0)
  })

  it('answers environment bytes that are no UTF-8', async () => {
    const child = spawn(
      '/bin/sh',
      ['-c', `CNI_CONTAINERID="$(printf 'a\\377')" exec "$0"`, await buildPlugin()],
      {
        env: environment(),
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
    const [chunk] = await child.stdout.setEncoding('utf8').toArray()
    expect(JSON.parse(String(chunk))).toMatchObject({
      code: 4,
      msg: expect.stringContaining('CNI_CONTAINERID'),
    })
  })

  it('survives a runtime that does not wait for the answer', async () => {
    const child = spawn(await buildPlugin(), [], {
      env: environment(EXCLUDED_POD),
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    child.stdout.destroy()
    child.stdin.end(configuration('/nonexistent'))
    expect(
      await new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal }))),
    ).toEqual({
      code: 0,
      signal: null,
    })
  })
})
