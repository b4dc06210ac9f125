import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiClient } from './client.ts'
import { FakeApiServer, reply } from './fake-api-server.ts'
import { HostToken } from './host-token.ts'
import { podTokenOf } from './token.fixture.ts'
import { tokenLifetime } from './token-lifetime.ts'

const day = 86_400
const path = '/api/v1/namespaces/istio-system/serviceaccounts/istio-cni/token'
const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 10_000, interval: 5 })

describe('the lifetime of a token', () => {
  it.each([
    [day, 0, 64_800_000, 82_080_000],
    [day, 1, 73_440_000, 82_080_000],
    [600, 0.5, 480_000, 570_000],
  ])(
    'of %i s with jitter %d renews it after %i ms and uses it for %i ms',
    (seconds, jitter, renew, spent) => {
      expect(tokenLifetime(seconds, jitter)).toEqual({ renewAfterMs: renew, spentAfterMs: spent })
    },
  )
})

describe('HostToken', () => {
  let server: FakeApiServer
  let client: ApiClient
  let token: HostToken
  let podToken: string | undefined
  let now: number
  let wall: number
  let sleeps: number[]
  /** Ends the pause in which the keeper is. */
  let wake: () => void
  let logged: string[]
  let told: (string | undefined)[]

  beforeEach(async () => {
    server = await FakeApiServer.start()
    podToken = podTokenOf()
    now = 0
    wall = 1_000_000
    sleeps = []
    logged = []
    told = []
    wake = () => {}
    const files = { tokenFile: '/nowhere/token', authorityFile: '/nowhere/ca.crt' }
    const address = { protocol: 'http', host: '127.0.0.1', port: server.port, skipTlsVerify: false } as const
    client = new ApiClient({ ...address, ...files }, () => {})
    token = new HostToken({
      client,
      podToken: async () => podToken,
      nodeName: 'node-1',
      seconds: day,
      log: pino({ level: 'debug' }, { write: (line: string) => logged.push(line) }),
      clock: {
        now: () => now,
        random: () => 0,
        sleep: (ms, signal) =>
          new Promise((resolve) => {
            sleeps.push(ms)
            wake = resolve
            signal.addEventListener('abort', () => resolve())
          }),
      },
      wallClock: () => wall,
    })
    token.onChange(() => told.push(token.current()))
  })
  afterEach(async () => {
    token.close()
    client.close()
    await server.close()
  })

  /** Lets the keeper look once more, and waits until it has. */
  async function look(): Promise<void> {
    const before = sleeps.length
    wake()
    await eventually(() => sleeps.length).toBe(before + 1)
  }
  async function started(): Promise<void> {
    token.start()
    await eventually(() => sleeps.length).toBe(1)
  }
  function later(seconds: number): void {
    now += seconds * 1000
    wall += seconds * 1000
  }
  const answerWith = (code: number, body: object = {}) => {
    server.fault = (_, response) => {
      reply(response, code, { ...body })
      return true
    }
  }

  it("asks for a token of the pod's own account that ends with the node and not with the pod", async () => {
    await started()
    expect(server.asked).toMatchObject([{ method: 'POST', path }])
    expect(server.asked[0]?.body).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        expirationSeconds: day,
        boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: 'node-1' },
      },
    })
    expect(token.current()).toBe('issued-1')
    expect(told).toEqual(['issued-1'])
  })

  it.each([400, 404, 422])(
    'asks for one without a node of a server that answers %i to that',
    async (code) => {
      server.fault = ({ body }, response) => {
        const isBound = JSON.stringify(body).includes('boundObjectRef')
        if (isBound) reply(response, code, { kind: 'Status' })
        return isBound
      }
      await started()
      expect(server.asked).toHaveLength(2)
      expect(token.current()).toBe('issued-1')
      expect(logged.join('')).toContain('"endsWithNode":false')
    },
  )

  it('renews it long before its end, and asks for nothing meanwhile', async () => {
    await started()
    later(day * 0.75 - 1)
    await look()
    expect(server.asked).toHaveLength(1)
    later(2)
    await look()
    expect(told).toEqual(['issued-1', 'issued-2'])
  })

  it('counts the time that the machine slept', async () => {
    await started()
    wall += day * 1000
    expect(token.current()).toBeUndefined()
    await look()
    expect(token.current()).toBe('issued-2')
  })

  it('renews by what the server granted, when that is less', async () => {
    server.longestToken = 3600
    await started()
    later(3600 * 0.75 + 1)
    await look()
    expect(token.current()).toBe('issued-2')
  })

  it('renews it when the key that signs, or the account, is another one', async () => {
    await started()
    podToken = podTokenOf({ iat: 2 })
    await look()
    expect(server.asked).toHaveLength(1)
    podToken = podTokenOf({}, 'key-2')
    await look()
    expect(token.current()).toBe('issued-2')
    podToken = podTokenOf({}, 'key-2', 'uid-2')
    await look()
    expect(token.current()).toBe('issued-3')
  })

  it('keeps what it has while it cannot be renewed, has none any more before its end, and says so once', async () => {
    await started()
    answerWith(503)
    later(day * 0.8)
    await look()
    expect(token.current()).toBe('issued-1')
    later(day * 0.16)
    expect(token.current()).toBeUndefined()
    await look()
    expect(told).toEqual(['issued-1', undefined])
    expect(sleeps.slice(1)).toEqual([250, 500])
    expect(logged.filter((line) => line.includes('"level":40'))).toHaveLength(1)
    server.fault = () => false
    await look()
    expect(token.current()).toBe('issued-2')
  })

  it('asks rarely, after a few attempts, for what it may not have, and says which right is missing', async () => {
    answerWith(403, { kind: 'Status', reason: 'Forbidden' })
    await started()
    for (let more = 0; more < 4; more += 1) await look()
    expect(sleeps).toEqual([250, 500, 1000, 600_000, 600_000])
    expect(token.current()).toBeUndefined()
    expect(logged.join('')).toContain('lacks \\"create\\" of serviceaccounts/token')
  })

  it.each([
    ['no token', { kind: 'TokenRequest', status: {} }],
    ['another object', { kind: 'Status', status: { token: 'x' } }],
    ['a token of several lines', { kind: 'TokenRequest', status: { token: 'a\n  b: c' } }],
    ['a token that is no text', { kind: 'TokenRequest', status: { token: {} } }],
  ])('takes none from an answer with %s', async (_, body) => {
    answerWith(201, body)
    await started()
    expect(token.current()).toBeUndefined()
    expect(logged.join('')).toContain('is it an API server?')
  })

  it.each([-1, 0, 1e12, 'soon', null])('trusts no lifetime of %j', async (expirationSeconds) => {
    answerWith(201, { kind: 'TokenRequest', spec: { expirationSeconds }, status: { token: 'odd' } })
    await started()
    await look()
    expect(server.asked).toHaveLength(1)
    later(day * 0.96)
    expect(token.current()).toBeUndefined()
  })

  it.each([undefined, '', 'no-token', podTokenOf({ sub: 'system:serviceaccount:a:../../secrets' })])(
    "asks for nothing while the pod's token is %j",
    async (text) => {
      podToken = text
      await started()
      expect(server.asked).toEqual([])
    },
  )

  it('forgets the token at the end, also one that was under way', async () => {
    await started()
    token.close()
    expect(token.current()).toBeUndefined()
    await setImmediate()
    expect(told).toEqual(['issued-1'])
  })

  it('logs no token', async () => {
    await started()
    answerWith(500, { kind: 'TokenRequest', status: { token: 'issued-x' } })
    later(day)
    await look()
    expect(logged.join('')).not.toMatch(/issued-|eyJ/)
  })
})
