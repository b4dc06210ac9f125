import { writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiServerPods } from './api.ts'
import { ApiClient } from './client.ts'
import { FakeApiServer, reply } from './fake-api-server.ts'
import { PodSourceError } from './source.ts'

const podOf = (name: string, app: string, uid = `uid-${name}`, annotations = {}) => ({
  metadata: { namespace: 'shop', name, uid, labels: { app }, annotations },
})

/** Keeps the label alone; refuses a pod that says so. */
function labelOf(pod: unknown): string {
  const { app } = (pod as { metadata: { labels: { app: string } } }).metadata.labels
  if (app === 'refuse') throw new Error('refused')
  return app
}

/** The value as it is in the end, on a slow machine too. */
const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 10_000, interval: 10 })

describe('ApiServerPods', () => {
  let server: FakeApiServer
  let directory: string
  let pods: ApiServerPods<string>
  let client: ApiClient
  let counted: string[]
  let sleeps: number[]
  let following: boolean[]
  let logged: string[]

  /** Waits neither for nor by any clock. */
  const clock = {
    now: () => 0,
    random: () => 1,
    sleep: async (ms: number) => {
      sleeps.push(ms)
      await setImmediate()
    },
  }

  function connect(port: number): void {
    const address = {
      protocol: 'http',
      host: '127.0.0.1',
      port,
      tokenFile: join(directory, 'token'),
      authorityFile: join(directory, 'none'),
      skipTlsVerify: false,
    } as const
    client = new ApiClient(address, (verb, code) => counted.push(`${verb} ${code}`))
    const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(line) })
    pods = new ApiServerPods({
      client,
      nodeName: 'node-1',
      project: labelOf,
      log,
      following: (isFollowing) => following.push(isFollowing),
      clock,
    })
  }

  const watching = () => eventually(() => server.watches).toBe(1)
  const cached = (name: string) => eventually(() => answered(name))
  /** Answered without a question to the server; undefined else. */
  async function answered(name: string): Promise<string | undefined> {
    const before = server.count('get')
    const found = await pods.find('shop', name).catch(() => undefined)
    return server.count('get') === before ? found : undefined
  }

  beforeEach(async () => {
    counted = []
    sleeps = []
    following = []
    logged = []
    directory = await mkdtemp(join(tmpdir(), 'api-'))
    await writeFile(join(directory, 'token'), 'first\n')
    server = await FakeApiServer.start()
    server.token = 'first'
    server.putPod(podOf('one', 'first'))
    connect(server.port)
  })

  afterEach(async () => {
    await pods.close()
    client.close()
    await server.close()
    await rm(directory, { recursive: true })
  })

  it("asks for this node's pods with one list from the server's cache and one watch, and never again for a known pod", async () => {
    await pods.start()
    await watching()
    for (let time = 0; time < 20; time += 1) expect(await pods.find('shop', 'one', 'uid-one')).toBe('first')
    expect(server.asked).toHaveLength(2)
    const [list, watch] = server.asked
    expect(Object.fromEntries(list?.query ?? [])).toEqual({
      fieldSelector: 'spec.nodeName=node-1',
      resourceVersion: '0',
    })
    expect(Object.fromEntries(watch?.query ?? [])).toMatchObject({
      fieldSelector: 'spec.nodeName=node-1',
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '1001',
    })
    // The server has the question before we have its answer.
    await vi.waitFor(() => expect(counted).toEqual(['list 200', 'watch 200']))
    expect(following).toEqual([true])
  })

  it('follows pods that come, change and go', async () => {
    await pods.start()
    await watching()
    server.putPod(podOf('two', 'second'))
    await cached('two').toBe('second')
    server.putPod(podOf('two', 'changed'))
    await cached('two').toBe('changed')
    server.deletePod('shop', 'two')
    await eventually(() => pods.find('shop', 'two')).toBeUndefined()
  })

  it('has all pods of the node, and tells what changes, when it has changed', async () => {
    const told: string[] = []
    pods.onChange((change) => {
      const all = [...pods.all()].join(' ')
      told.push(`${change.kind} ${change.kind === 'replaced' ? '' : change.pod}: ${all}`)
    })
    await pods.start()
    await watching()
    server.putPod(podOf('two', 'second'))
    server.putPod(podOf('odd', 'refuse'))
    server.putPod(podOf('two', 'changed'))
    server.deletePod('shop', 'one')
    server.putPod(podOf('two', 'successor', 'uid-new'))
    await eventually(() => told.length).toBe(6)
    expect(told).toEqual([
      'replaced : first',
      'put second: first second',
      'put changed: first changed',
      'remove first: changed',
      'remove changed: successor',
      'put successor: successor',
    ])
  })

  it('keeps a pod among all that changed into what cannot be understood, but does not find it', async () => {
    await pods.start()
    await watching()
    server.putPod(podOf('one', 'refuse'))
    server.putPod(podOf('mark', 'x'))
    await cached('mark').toBe('x')
    expect([...pods.all()]).toEqual(['first', 'x'])
    await expect(pods.find('shop', 'one')).rejects.toThrow(/cannot be understood/)
    server.putPod(podOf('one', 'refuse', 'uid-new'))
    await eventually(() => [...pods.all()]).toEqual(['x'])
  })

  it('tells what it has in its cache of a pod with that uid alone', async () => {
    await pods.start()
    await watching()
    expect(pods.known('shop', 'one', 'uid-one')).toBe('first')
    expect(pods.known('shop', 'one', 'uid-other')).toBeUndefined()
    expect(pods.known('shop', 'none', '')).toBeUndefined()
  })

  it('is unready with the reason until the first list, and ready ever after', async () => {
    server.fault = (_, response) => {
      reply(response, 500, 'out of order')
      return true
    }
    expect(pods.unreadyReasons()).toHaveLength(1)
    await pods.start()
    await eventually(() => pods.unreadyReasons()[0]).toMatch(/node-1.*500.*out of order/)
    server.fault = () => false
    await eventually(() => pods.unreadyReasons()).toEqual([])
    await server.close()
    await eventually(() => following.at(-1)).toBe(false)
    expect(pods.unreadyReasons()).toEqual([])
    expect(await pods.find('shop', 'one', 'uid-one')).toBe('first')
  })

  it('asks once for a pod that the watch has not told yet', async () => {
    await pods.start()
    await watching()
    server.putPod(podOf('late', 'here'), false)
    expect(await pods.find('shop', 'late')).toBe('here')
    expect(server.count('get')).toBe(1)
  })

  it('tells a pod that is gone from an API server that is away', async () => {
    await pods.start()
    await watching()
    expect(await pods.find('shop', 'never')).toBeUndefined()
    await server.close()
    await expect(pods.find('shop', 'never')).rejects.toThrow(PodSourceError)
  })

  it('asks again for a pod that was made anew under its name, and keeps it when the old one is told to be gone', async () => {
    await pods.start()
    await watching()
    server.putPod(podOf('one', 'successor', 'uid-new'), false)
    expect(await pods.find('shop', 'one', 'uid-new')).toBe('successor')
    expect(server.count('get')).toBe(1)
    server.tell({ type: 'ADDED', object: podOf('one', 'successor', 'uid-new') })
    server.tell({ type: 'DELETED', object: podOf('one', 'first', 'uid-one') })
    server.putPod(podOf('mark', 'x'))
    await cached('mark').toBe('x')
    expect(await answered('one')).toBe('successor')
  })

  it("knows a static pod by the kubelet's uid", async () => {
    server.putPod(podOf('static', 'file', 'uid-api', { 'kubernetes.io/config.mirror': 'uid-file' }))
    await pods.start()
    await watching()
    expect(await pods.find('shop', 'static', 'uid-file')).toBe('file')
    expect(server.count('get')).toBe(0)
  })

  it('takes a watch up where it was, also from a bookmark and after a line that broke off', async () => {
    await pods.start()
    await watching()
    server.tell({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '2000' } } })
    server.tell('{"type":"DELETED","object":{"metadata":{"namespace":"shop","na')
    server.endWatches()
    await eventually(() => server.count('watch')).toBeGreaterThan(1)
    await watching()
    expect(server.asked.at(-1)?.query.get('resourceVersion')).toBe('2000')
    expect(server.count('list')).toBe(1)
    expect(await answered('one')).toBe('first')
  })

  it('goes on from the last change after a connection that broke', async () => {
    await pods.start()
    await watching()
    server.putPod(podOf('two', 'second'))
    await cached('two').toBe('second')
    server.breakWatches()
    await eventually(() => server.count('watch')).toBe(2)
    expect(server.asked.at(-1)?.query.get('resourceVersion')).toBe('1002')
    expect(server.count('list')).toBe(1)
    await eventually(() => following).toEqual([true, false, true])
  })

  it('lists again when the server has forgotten the version, and knows everything meanwhile', async () => {
    await pods.start()
    await watching()
    let release = () => {}
    server.fault = ({ path, query }, response) => {
      if (path !== '/api/v1/pods' || query.get('watch') === 'true') return false
      release = () => {
        release = () => {}
        reply(response, 200, {
          metadata: { resourceVersion: '9' },
          items: [podOf('two', 'second')],
        })
      }
      return true
    }
    server.putPod(podOf('seen', 'x'))
    await cached('seen').toBe('x')
    server.tell({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
    server.endWatches()
    await eventually(() => server.count('list')).toBe(2)
    expect(await answered('one')).toBe('first')
    expect(server.asked.at(-1)?.query.get('resourceVersion')).toBe('1002')
    release()
    await cached('two').toBe('second')
    expect(await answered('one')).toBeUndefined()
  })

  it('asks etcd itself when the list of its version has expired too', async () => {
    await pods.start()
    await watching()
    server.fault = ({ query }, response) => {
      if (query.get('watch') === 'true' || query.get('resourceVersion') === '') return false
      reply(response, 410, { kind: 'Status', code: 410 })
      return true
    }
    server.tell({ type: 'ERROR', object: { kind: 'Status', code: 410 } })
    server.endWatches()
    await eventually(() => server.count('list')).toBe(3)
    await watching()
    const versions = server.asked.map(({ query }) => query.get('resourceVersion'))
    expect(versions).toEqual(['0', '1001', '1001', '', '1001'])
  })

  it('asks at once again, once, when the token was changed just after it was read', async () => {
    server.token = 'second'
    server.fault = ({ token }, response) => {
      if (token === 'second') return false
      writeFileSync(join(directory, 'token'), 'second')
      reply(response, 401, { kind: 'Status', code: 401 })
      return true
    }
    await pods.start()
    await watching()
    expect(counted).toEqual(['list 401', 'list 200', 'watch 200'])
    expect(sleeps).toEqual([])
    server.endWatches()
    writeFileSync(join(directory, 'token'), 'first')
    await eventually(() => counted.slice(3)).toEqual(['watch 401', 'watch 200'])
    expect(logged.some((line) => line.includes('401'))).toBe(false)
  })

  it('says of a token that stays refused where it is and what may be the matter, and asks once for each pause', async () => {
    server.token = 'another'
    await pods.start()
    await eventually(() => sleeps.length).toBeGreaterThan(2)
    expect(counted.length - sleeps.length).toBeLessThanOrEqual(1)
    const advice = /answered with 401.*does not accept the token in .*token,.*expired or was revoked/
    expect(pods.unreadyReasons()[0]).toMatch(advice)
    const told = logged.filter((line) => line.includes('cannot follow the pods of this node now'))
    expect(told).toEqual([expect.stringMatching(advice)])
    await expect(pods.find('shop', 'one')).rejects.toThrow(advice)
  })

  it('says of a missing permission which objects give it', async () => {
    server.fault = (_, response) => {
      reply(response, 403, { kind: 'Status', code: 403 })
      return true
    }
    await pods.start()
    await eventually(() => pods.unreadyReasons()[0]).toMatch(/403 .*ClusterRole/)
  })

  it('reads its token anew after a 401', async () => {
    await pods.start()
    await watching()
    server.token = 'second'
    server.endWatches()
    await eventually(() => counted).toContain('watch 401')
    await writeFile(join(directory, 'token'), 'second')
    await watching()
    expect(pods.unreadyReasons()).toEqual([])
  })

  it('waits ever longer, up to half a minute, while it is refused', async () => {
    await server.close()
    await pods.start()
    await eventually(() => sleeps.length).toBeGreaterThan(8)
    expect(sleeps.slice(0, 8)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    expect(counted[0]).toBe('list error')
    expect(logged.filter((line) => line.includes('cannot follow'))).toHaveLength(1)
  })

  it.each([
    ['no JSON', '{"type": nonsense}\n'],
    ['no event', '[[["ADDED"]]]\n'],
    ['an event of nothing', '{"type":"ADDED","object":null}\n'],
    ['a pod without name', '{"type":"MODIFIED","object":{"metadata":{"name":7,"namespace":{}}}}\n'],
    ['a prototype', '{"type":"ADDED","object":{"__proto__":{"metadata":{"name":"one"}}}}\n'],
    ['an error without code', '{"type":"ERROR","object":"why"}\n'],
    ['a line without end', 'x'.repeat((8 << 20) + 1)],
  ])('survives %s in the watch', async (_, line) => {
    await pods.start()
    await watching()
    server.tell(line)
    server.endWatches()
    await eventually(() => server.count('watch')).toBeGreaterThan(1)
    await watching()
    server.putPod(podOf('after', 'fine'))
    await cached('after').toBe('fine')
    expect(await answered('one')).toBe('first')
  })

  it('refuses an answer that is too large, and a manifest that cannot be understood', async () => {
    await pods.start()
    await watching()
    server.putPod(podOf('huge', 'x'.repeat((8 << 20) + 1)), false)
    await expect(pods.find('shop', 'huge')).rejects.toThrow(/larger than/)
    server.putPod(podOf('bad', 'refuse'), false)
    await expect(pods.find('shop', 'bad')).rejects.toThrow(/shop\/bad cannot be understood: refused/)
  })

  it('names the file of the service account that it cannot read', async () => {
    client.close()
    await pods.close()
    client = new ApiClient(
      {
        protocol: 'https',
        host: '127.0.0.1',
        port: server.port,
        tokenFile: join(directory, 'nowhere'),
        authorityFile: join(directory, 'none'),
        skipTlsVerify: true,
      },
      () => {},
    )
    await expect(client.call({ verb: 'get', path: '/', deadlineMs: 1000 })).rejects.toThrow(/nowhere/)
  })
})
