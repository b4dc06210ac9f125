import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiClient } from './client.ts'
import { ApiPodEvents } from './events.ts'
import { FakeApiServer } from './fake-api-server.ts'

const pod = (name: string) => ({ namespace: 'shop', name, uid: `uid-${name}` })

/** The value as it is in the end, on a slow machine too. */
const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 10_000, interval: 10 })

describe('ApiPodEvents', () => {
  let server: FakeApiServer
  let client: ApiClient
  let events: ApiPodEvents
  let now: number
  let logged: string[]

  beforeEach(async () => {
    now = 0
    logged = []
    server = await FakeApiServer.start()
    client = new ApiClient(
      {
        protocol: 'http',
        host: '127.0.0.1',
        port: server.port,
        tokenFile: '/nowhere/token',
        authorityFile: '/nowhere/ca.crt',
        skipTlsVerify: false,
      },
      () => {},
    )
    const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(line) })
    events = new ApiPodEvents({ client, nodeName: 'node-1', log, now: () => now })
  })
  afterEach(async () => {
    client.close()
    await server.close()
  })

  const told = () => eventually(() => server.events.length)

  it('tells an event of the pod, as `kubectl describe pod` finds it', async () => {
    events.warn(pod('one'), 'RedirectionRefused', 'a bad annotation')
    await told().toBe(1)
    expect(server.events[0]).toMatchObject({
      kind: 'Event',
      metadata: { name: expect.stringMatching(/^one\.[0-9a-f]{16}$/), namespace: 'shop' },
      involvedObject: { kind: 'Pod', namespace: 'shop', name: 'one', uid: 'uid-one' },
      type: 'Warning',
      reason: 'RedirectionRefused',
      message: 'a bad annotation',
      count: 1,
      source: { component: 'istio-cni', host: 'node-1' },
    })
    expect(server.asked[0]?.path).toBe('/api/v1/namespaces/shop/events')
  })

  it('counts a repeated event and tells it once a minute', async () => {
    for (let time = 0; time < 50; time += 1) events.warn(pod('one'), 'RedirectionRefused', 'no')
    await told().toBe(1)
    now = 60_000
    events.warn(pod('one'), 'RedirectionRefused', 'still no')
    await told().toBe(2)
    expect(server.asked[1]?.method).toBe('PATCH')
    expect(server.events[1]).toMatchObject({ count: 51, message: 'still no' })
  })

  it('tells at most twenty events of all pods at once, and one more every three seconds', async () => {
    for (let number = 0; number < 500; number += 1) events.warn(pod(`p${number}`), 'RedirectionFailed', 'no')
    await told().toBe(20)
    now = 6_000
    for (let number = 600; number < 700; number += 1)
      events.warn(pod(`p${number}`), 'RedirectionFailed', 'no')
    await told().toBe(22)
  })

  it("keeps a message within Kubernetes' limit", async () => {
    events.warn(pod('one'), 'RedirectionFailed', 'ü'.repeat(2000))
    await told().toBe(1)
    const message = String(server.events[0]?.message)
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1024)
    expect(message).toMatch(/^ü+…$/)
  })

  it('says at debug alone that nobody takes its events, and tries the next one anew', async () => {
    server.fault = (_, response) => {
      response.writeHead(403).end()
      return true
    }
    events.warn(pod('one'), 'RedirectionFailed', 'no')
    await eventually(() => logged.length).toBe(1)
    expect(JSON.parse(logged[0] ?? '')).toMatchObject({ level: 20, pod: 'one' })
    server.fault = () => false
    events.warn(pod('one'), 'RedirectionFailed', 'no')
    await told().toBe(1)
    expect(server.asked.at(-1)?.method).toBe('POST')
  })
})
