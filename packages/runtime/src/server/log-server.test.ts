import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BoundedServer } from './bounded-server.ts'
import { createLogServer } from './log-server.ts'

let server: BoundedServer
let written: Record<string, unknown>[]
beforeEach(async () => {
  written = []
  const destination = { write: (line: string) => written.push(JSON.parse(line)) }
  server = createLogServer(pino({ base: { scope: 'cni-plugin' }, level: 'debug' }, destination))
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(() => server.stop())

const post = async (body: string, path = '/log') => {
  const { port } = server.address() as AddressInfo
  return (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })).status
}
const line = (fields: object) => JSON.stringify({ level: 'info', time: 't', msg: 'm', ...fields })

describe('the log server', () => {
  it("writes a plugin's lines with their level, message and fields", async () => {
    expect(await post(JSON.stringify([line({ level: 'warn', msg: ' hello\n', pod: 'web' })]))).toBe(200)
    expect(written).toMatchObject([{ level: 40, scope: 'cni-plugin', msg: 'hello', pod: 'web', at: 't' }])
  })

  it("keeps the agent's own columns from a plugin's fields", async () => {
    const hostile = `{"level":"info","msg":"m","time":"t","scope":"cni-agent","__proto__":{"level":"error"},"constructor":1}`
    expect(await post(JSON.stringify([hostile]))).toBe(200)
    expect(written).toMatchObject([{ level: 30, scope: 'cni-plugin', 'plugin-scope': 'cni-agent', msg: 'm' }])
  })

  it('writes the good lines beside bad ones, and counts the bad ones', async () => {
    const bad = ['garbage', 'null', line({ level: 'fatal' }), line({ msg: 1 })]
    expect(await post(JSON.stringify([...bad, line({ msg: 'good' })]))).toBe(200)
    expect(written).toMatchObject([{ msg: 'good' }, { msg: 'dropped log lines of the plugin', lines: 4 }])
  })

  it.each(['', '{', '{}', '[1]', 'null', `["${'x'.repeat(1 << 20)}"]`])(
    'refuses the body %.20s',
    async (body) => {
      expect(await post(body)).toBe(400)
      expect(written).toMatchObject([{ msg: 'dropped log lines of the plugin' }])
    },
  )

  it('has no other path', async () => {
    expect(await post('[]', '/other')).toBe(404)
  })
})
