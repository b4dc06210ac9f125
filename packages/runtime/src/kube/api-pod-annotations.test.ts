import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiPodAnnotations } from './api-pod-annotations.ts'
import { ApiClient } from './client.ts'
import { FakeApiServer, reply } from './fake-api-server.ts'

const annotation = 'ambient.istio.io/redirection'
const pod = (name: string) => ({ namespace: 'shop', name, uid: `uid-${name}` })
/** The value as it is in the end, on a slow machine too. */
const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 10_000, interval: 10 })

describe('ApiPodAnnotations', () => {
  let server: FakeApiServer
  let client: ApiClient
  let annotations: ApiPodAnnotations
  let known: Map<string, Record<string, string>>
  let sleeps: number[]
  let logged: { level: number; msg: string; why?: string }[]

  beforeEach(async () => {
    known = new Map()
    sleeps = []
    logged = []
    server = await FakeApiServer.start()
    for (const name of ['one', 'two'])
      server.putPod({ metadata: { ...pod(name), annotations: { own: 'x' } } })
    const files = { tokenFile: '/nowhere/token', authorityFile: '/nowhere/ca.crt' }
    const address = { protocol: 'http', host: '127.0.0.1', port: server.port, skipTlsVerify: false } as const
    client = new ApiClient({ ...address, ...files }, () => {})
    annotations = new ApiPodAnnotations({
      client,
      log: pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
      known: ({ uid }) => known.get(uid),
      clock: {
        now: () => 0,
        random: () => 1,
        sleep: async (ms: number) => {
          sleeps.push(ms)
          await setImmediate()
        },
      },
    })
  })
  afterEach(async () => {
    annotations.close()
    client.close()
    await server.close()
  })

  const patches = () => server.asked.filter(({ method }) => method === 'PATCH')
  const refuse = (code: number) => {
    server.fault = (_, response) => {
      reply(response, code, {})
      return true
    }
  }

  it("merges the annotation into the pod's status with one request that only this pod takes", async () => {
    await annotations.annotate(pod('one'), 'enabled')
    expect(patches()).toMatchObject([
      {
        path: '/api/v1/namespaces/shop/pods/one/status',
        body: { metadata: { uid: 'uid-one', annotations: { [annotation]: 'enabled' } } },
      },
    ])
    await annotations.annotate(pod('one'), undefined)
    expect(patches()[1]?.body).toEqual({ metadata: { uid: 'uid-one', annotations: { [annotation]: null } } })
  })

  it('asks nobody when the pod is known to have it already', async () => {
    known.set('uid-one', { [annotation]: 'enabled' })
    known.set('uid-two', {})
    await annotations.annotate(pod('one'), 'enabled')
    await annotations.annotate(pod('two'), undefined)
    expect(patches()).toHaveLength(0)
  })

  it('does not take what was known before its last request for what is so now', async () => {
    known.set('uid-one', {})
    await annotations.annotate(pod('one'), 'enabled')
    await annotations.annotate(pod('one'), undefined)
    expect(patches()).toHaveLength(2)
    // What is known has caught up since: it is empty again.
    await annotations.annotate(pod('one'), undefined)
    expect(patches()).toHaveLength(2)
  })

  it.each([
    ['has gone', 'gone', 'uid-gone'],
    ['has a successor of its name', 'one', 'uid-before'],
  ])('forgets a pod that %s', async (_, name, uid) => {
    await annotations.annotate({ namespace: 'shop', name, uid }, 'enabled')
    expect(patches()).toHaveLength(1)
    expect(sleeps).toEqual([])
    expect(logged.every(({ level }) => level === 20)).toBe(true)
  })

  it('resolves after a failed attempt, says why once, and tries again with growing pauses until it succeeds', async () => {
    refuse(500)
    await annotations.annotate(pod('one'), 'enabled')
    await annotations.annotate(pod('two'), 'enabled')
    await eventually(() => sleeps.length).toBeGreaterThan(6)
    server.fault = () => false
    await eventually(() => logged.at(-1)?.msg).toBe('annotates ambient pods again')
    expect(sleeps).toEqual(expect.arrayContaining([500, 1000, 2000]))
    expect(logged.filter(({ level }) => level === 40)).toHaveLength(1)
    expect(logged[0]?.why).toMatch(/500/)
  })

  it('writes the newest of several wishes, and none after it', async () => {
    let release = () => {}
    server.fault = (_, response) => {
      server.fault = () => false
      release = () => reply(response, 200, {})
      return true
    }
    const first = annotations.annotate(pod('one'), 'pending')
    await eventually(() => patches().length).toBe(1)
    const second = annotations.annotate(pod('one'), 'enabled')
    const third = annotations.annotate(pod('one'), undefined)
    release()
    await Promise.all([first, second, third])
    const written = patches().map(({ body }) => (body as { metadata: { annotations: object } }).metadata)
    expect(written.map((metadata) => metadata.annotations)).toEqual([
      { [annotation]: 'pending' },
      { [annotation]: null },
    ])
  })

  it('has at most eight requests under way', async () => {
    const open: (() => void)[] = []
    let most = 0
    server.fault = (_, response) => {
      open.push(() => reply(response, 200, {}))
      most = Math.max(most, open.length)
      return true
    }
    const done = Promise.all(
      Array.from({ length: 30 }, (_, n) => annotations.annotate(pod(`p${n}`), 'enabled')),
    )
    await eventually(() => {
      // Only when as many are there as will come.
      if (open.length === 8 || patches().length === 30) for (const answer of open.splice(0)) answer()
      return patches().length
    }).toBe(30)
    for (const answer of open.splice(0)) answer()
    await done
    expect(most).toBe(8)
  })

  it('ends what is under way when it closes', async () => {
    server.fault = () => true
    const told = annotations.annotate(pod('one'), 'enabled')
    await eventually(() => patches().length).toBe(1)
    annotations.close()
    await told
    expect(logged).toEqual([])
  })
})
