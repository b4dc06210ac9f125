import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configuration, environment, previousResult } from './call.ts'
import { execute } from './execute.ts'
import { type ApiServerOptions, FakeApiServer, objects, status, TOKEN } from './fake-api-server.ts'
import { type PodNamespace, podNamespace } from './pod-namespace.ts'

const POD = '/api/v1/namespaces/shop/pods/cart'
const DAEMONSET = '/apis/apps/v1/namespaces/istio-system/daemonsets/istio-cni-node'
const metadata = { namespace: 'shop', name: 'cart', uid: '0aa2ff9b' }
const plainPod = { metadata, spec: { containers: [{ name: 'app' }] } }
const meshPod = {
  metadata: { ...metadata, annotations: { 'sidecar.istio.io/status': '{}' } },
  spec: { containers: [{ name: 'app' }, { name: 'istio-proxy' }] },
}
const plain = objects({ [POD]: plainPod })

let pod: PodNamespace
const servers: FakeApiServer[] = []

beforeAll(async () => {
  pod = await podNamespace()
})
afterAll(async () => {
  pod.end()
  await Promise.all(servers.map((server) => server.stop()))
})

async function serverThat(options: ApiServerOptions): Promise<FakeApiServer> {
  const server = await FakeApiServer.started(options)
  servers.push(server)
  return server
}

/** ADD on a node without an agent, with a kubeconfig that trusts the authority. */
async function add(server: FakeApiServer, authority: string | undefined = 'authority', changes = {}) {
  return addWith(await server.kubeconfig(authority), changes)
}

async function addWith(kubeconfig: string, changes = {}) {
  const stdin = configuration('/nonexistent', { kubeconfig, ...changes })
  const answer = await execute({ env: environment({ CNI_NETNS: pod.path }), stdin })
  expect(answer.stdout + answer.stderr).not.toContain(TOKEN)
  return { ...answer, result: JSON.parse(answer.stdout) }
}

describe.concurrent('ADD without an agent', () => {
  it.each<[string, ApiServerOptions, string]>([
    ['over TLS', { respond: plain }, 'authority'],
    ['over TLS 1.2', { respond: plain, maxVersion: 'TLSv1.2' }, 'authority'],
    [
      'over TLS 1.2 with RSA',
      { respond: plain, maxVersion: 'TLSv1.2', certificate: 'rsa-server' },
      'rsa-authority',
    ],
    ['over TLS with RSA', { respond: plain, certificate: 'rsa-server' }, 'rsa-authority'],
    ['over TLS at an IPv6 address', { respond: plain, address: '::1' }, 'authority'],
    ['over plain HTTP on the own machine', { respond: plain, protocol: 'http' }, 'authority'],
    [
      'although its answer comes in chunks',
      {
        respond: (_, response) => {
          const text = JSON.stringify(plainPod)
          response.write(text.slice(0, 20))
          response.end(text.slice(20))
        },
      },
      'authority',
    ],
    [
      'although its answer is large',
      {
        respond: objects({
          [POD]: { ...plainPod, metadata: { ...metadata, annotations: { x: 'y'.repeat(1_500_000) } } },
        }),
      },
      'authority',
    ],
  ])('asks the API server %s, and passes a pod outside the mesh', async (_, options, authority) => {
    const server = await serverThat(options)
    expect(await add(server, authority)).toMatchObject({ exit: 0, stderr: '', result: previousResult })
    expect(server.requests).toEqual([{ path: POD, authorization: `Bearer ${TOKEN}` }])
  })

  it('makes a pod of the mesh wait while the DaemonSet is there', async () => {
    const server = await serverThat({ respond: objects({ [POD]: meshPod, [DAEMONSET]: { metadata: {} } }) })
    expect(await add(server)).toMatchObject({ exit: 1, result: { code: 11 } })
  })

  it('passes a pod of the mesh when the DaemonSet is gone, and warns', async () => {
    const { exit, stderr, result } = await add(await serverThat({ respond: objects({ [POD]: meshPod }) }))
    expect({ exit, result }).toEqual({ exit: 0, result: previousResult })
    expect(JSON.parse(stderr)).toMatchObject({ level: 'warn', because: expect.stringContaining('is gone') })
  })

  it('believes any certificate when told not to verify, and warns', async () => {
    const server = await serverThat({ respond: plain, certificate: 'elsewhere' })
    const { exit, stderr } = await addWith(await server.kubeconfig(undefined))
    expect(exit).toBe(0)
    expect(stderr).toContain('SKIP_TLS_VERIFY')
  })

  it.each<[string, ApiServerOptions, string, RegExp]>([
    ['is of another authority', { respond: plain }, 'other-authority', /tls: .*UnknownIssuer/],
    [
      'is for another address',
      { respond: plain, certificate: 'elsewhere' },
      'authority',
      /tls: .*not valid for/,
    ],
    ['has an authority that is a key', { respond: plain }, 'server-key', /authorities: /],
    ['speaks no TLS', { onConnection: (socket) => socket.end('SSH-2.0-x\r\n') }, 'authority', /tls|closed/],
    ['hangs up', { onConnection: (socket) => socket.destroy() }, 'authority', /closed/],
    ['never answers', { onConnection: () => {} }, 'authority', /timeout/],
    ['never answers the request', { respond: () => {} }, 'authority', /timeout/],
    [
      'dribbles',
      {
        respond: (_, response) => {
          response.writeHead(200)
          const timer = setInterval(() => response.write(' '), 50)
          response.on('close', () => clearInterval(timer))
        },
      },
      'authority',
      /timeout/,
    ],
    ['says 401', { respond: status(401, 'Unauthorized') }, 'authority', /401.*expired or revoked/],
    ['says 403', { respond: status(403, 'pods is forbidden') }, 'authority', /403.*ClusterRole/],
    [
      'redirects',
      { respond: (_, response) => response.writeHead(302, { Location: 'https://127.0.0.1:1/' }).end() },
      'authority',
      /status 302/,
    ],
    [
      'says too much',
      { respond: (_, response) => response.end('x'.repeat(3_000_000)) },
      'authority',
      /too-large/,
    ],
    [
      'breaks off',
      {
        respond: (_, response) => {
          response.writeHead(200, { 'Content-Length': 100 })
          response.write('{"metadata"', () => response.destroy())
        },
      },
      'authority',
      /closed/,
    ],
    [
      'fills the memory',
      { respond: (_, response) => response.end(`[${'[],'.repeat(690_000)}[]]`) },
      'authority',
      /no JSON object/,
    ],
    [
      'nests deeply',
      { respond: (_, response) => response.end('['.repeat(1_000_000)) },
      'authority',
      /no JSON/,
    ],
  ])('fails with code 11 and the cause when the API server %s', async (_, options, authority, cause) => {
    const { exit, signal, result } = await add(await serverThat(options), authority)
    expect({ exit, signal }).toEqual({ exit: 1, signal: null })
    expect(result).toMatchObject({ code: 11, details: expect.stringMatching(cause) })
  })

  it('fails with code 11 when nobody listens', async () => {
    const server = await FakeApiServer.started()
    const kubeconfig = await server.kubeconfig('authority')
    await server.leave()
    expect(await addWith(kubeconfig)).toMatchObject({
      exit: 1,
      result: { code: 11, details: expect.stringMatching(/refused/) },
    })
    await server.stop().catch(() => {})
  })

  it.each([
    ['', /HOST_CREDENTIALS/],
    ['/nonexistent/kubeconfig', /absent/],
    ['/dev/zero', /mode 666/],
    ['/proc/self/fd', /not a regular file/],
  ])('fails with code 11 when the kubeconfig is %j', async (kubeconfig, cause) => {
    const { exit, result } = await addWith(kubeconfig)
    expect({ exit, result }).toMatchObject({ exit: 1, result: { code: 11 } })
    expect(result.details).toMatch(cause)
  })
})
