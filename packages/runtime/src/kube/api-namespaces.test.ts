import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiServerNamespaces } from './api-namespaces.ts'
import { ApiClient } from './client.ts'
import { FakeApiServer, reply } from './fake-api-server.ts'
import { PodSourceError } from './source.ts'

const clock = { now: () => 0, random: () => 1, sleep: () => setImmediate() }
/** The value as it is in the end, on a slow machine too. */
const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 10_000, interval: 10 })

describe('ApiServerNamespaces', () => {
  let server: FakeApiServer
  let client: ApiClient
  let namespaces: ApiServerNamespaces
  let changes: (string | undefined)[]

  beforeEach(async () => {
    server = await FakeApiServer.start()
    server.putNamespace('shop', { 'istio.io/dataplane-mode': 'ambient' })
    const files = { tokenFile: '/nowhere/token', authorityFile: '/nowhere/ca.crt' }
    const address = { protocol: 'http', host: '127.0.0.1', port: server.port, skipTlsVerify: false } as const
    client = new ApiClient({ ...address, ...files }, () => {})
    namespaces = new ApiServerNamespaces({ client, log: pino({ enabled: false }), clock })
    changes = []
    namespaces.onChange((name) => changes.push(name))
  })
  afterEach(async () => {
    await namespaces.close()
    client.close()
    await server.close()
  })

  async function start(): Promise<void> {
    await namespaces.start()
    await eventually(() => server.namespaceWatches).toBe(1)
  }

  it('knows the labels of all namespaces from one list and one watch', async () => {
    await start()
    for (let time = 0; time < 20; time += 1)
      expect(await namespaces.labelsOf('shop')).toEqual({ 'istio.io/dataplane-mode': 'ambient' })
    expect(server.asked.map(({ path }) => path)).toEqual(['/api/v1/namespaces', '/api/v1/namespaces'])
    expect(server.asked[0]?.query.has('fieldSelector')).toBe(false)
    expect(changes).toEqual([undefined])
  })

  it('tells of namespaces that come, change their labels and go', async () => {
    await start()
    server.putNamespace('new', {})
    server.putNamespace('shop', { team: 'a' })
    server.deleteNamespace('new')
    await eventually(() => changes).toEqual([undefined, 'new', 'shop', 'new'])
    expect(await namespaces.labelsOf('shop')).toEqual({ team: 'a' })
    expect(await namespaces.labelsOf('new')).toBeUndefined()
  })

  it('tells nothing of changes that leave the labels as they are', async () => {
    await start()
    server.putNamespace('shop', { 'istio.io/dataplane-mode': 'ambient' })
    server.putNamespace('mark', {})
    await eventually(() => changes).toEqual([undefined, 'mark'])
  })

  it('asks once for a namespace that the watch has not told yet, and knows nothing of one that is none', async () => {
    await start()
    server.putNamespace('late', { team: 'b' }, false)
    expect(await namespaces.labelsOf('late')).toEqual({ team: 'b' })
    expect(await namespaces.labelsOf('never')).toBeUndefined()
    expect(server.count('get')).toBe(2)
  })

  it('answers from what it knows while the API server is away, and says when it cannot', async () => {
    await start()
    await server.close()
    expect(await namespaces.labelsOf('shop')).toEqual({ 'istio.io/dataplane-mode': 'ambient' })
    await expect(namespaces.labelsOf('never')).rejects.toThrow(PodSourceError)
  })

  it('is unready with the reason until the first list', async () => {
    server.fault = (_, response) => {
      reply(response, 403, 'not yours')
      return true
    }
    await namespaces.start()
    await eventually(() => namespaces.unreadyReasons()[0]).toMatch(/namespaces are not known yet.*403/)
    server.fault = () => false
    await eventually(() => namespaces.unreadyReasons()).toEqual([])
  })

  it('passes over labels that are no text, and follows on', async () => {
    await start()
    server.putNamespace('odd', { good: 'yes', bad: { nested: 1 }, number: 7 })
    await eventually(() => changes).toContain('odd')
    expect(await namespaces.labelsOf('odd')).toEqual({ good: 'yes' })
  })

  it('lets no listener disturb another or the watch', async () => {
    namespaces.onChange(() => {
      throw new Error('a fault of mine')
    })
    const others: unknown[] = []
    namespaces.onChange((name) => others.push(name))
    await start()
    server.putNamespace('one', {})
    await eventually(() => others).toEqual([undefined, 'one'])
    expect(server.count('list')).toBe(1)
  })
})
