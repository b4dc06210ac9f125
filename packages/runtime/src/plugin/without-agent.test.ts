import { describe, expect, it } from 'vitest'
import {
  configuration,
  environment,
  input,
  portsOf,
  RUN_DIR,
  rootDirectory,
  type World,
  world,
} from './fake-world.ts'
import { kubeconfig } from './kubeconfig.fixture.ts'
import { runPlugin } from './plugin.ts'
import type { ApiFailure } from './ports.ts'

const KUBECONFIG = '/etc/cni/net.d/ZZZ-istio-cni-kubeconfig'
const POD = '/api/v1/namespaces/shop/pods/cart'
const NAMESPACE = '/api/v1/namespaces/shop'
const DAEMONSET = '/apis/apps/v1/namespaces/istio-system/daemonsets/istio-cni-node'
const present = { metadata: { name: 'istio-cni-node' } }

const metadata = { namespace: 'shop', name: 'cart', uid: '0aa2ff9b' }
const plainPod = { metadata, spec: { containers: [{ name: 'app' }] } }
const meshPod = {
  metadata: { ...metadata, annotations: { 'sidecar.istio.io/status': '{}' } },
  spec: { containers: [{ name: 'app' }, { name: 'istio-proxy' }] },
}
const ambient = { 'istio.io/dataplane-mode': 'ambient' }
const selectors = [{ podSelector: {}, namespaceSelector: { matchLabels: ambient } }]

/** ADD for the pod shop/cart on a node whose agent is away. */
function add(changes: Partial<World> = {}) {
  const ports = portsOf(
    world({
      files: {
        [RUN_DIR]: rootDirectory,
        [KUBECONFIG]: { kind: 'other', userId: 0, groupId: 0, mode: 0o600 },
      },
      texts: { [KUBECONFIG]: { text: kubeconfig() } },
      ...changes,
    }),
  )
  const { stdout = '', exitCode, log } = runPlugin(ports)
  const result = JSON.parse(stdout)
  const asked = ports.questions.map(({ path }) => path)
  return {
    exitCode,
    result,
    asked,
    questions: ports.questions,
    elapsed: ports.elapsed(),
    log: log.linesFrom('debug'),
  }
}

describe('ADD while the agent is away', () => {
  it('passes a pod of which the API server says that it is not in the mesh', () => {
    const { exitCode, result, asked, log } = add({ api: { [POD]: plainPod, [DAEMONSET]: present } })
    expect({ exitCode, result }).toEqual({ exitCode: 0, result: configuration().prevResult })
    expect(asked).toEqual([POD])
    expect(log.join()).toContain('the agent is away, and it has no container istio-proxy')
  })

  it('asks with the credentials of the kubeconfig, once the agent had its time', () => {
    const { questions, elapsed } = add({ api: { [POD]: plainPod } })
    expect(questions).toEqual([
      {
        tls: 'verified',
        address: '10.96.0.1',
        port: 443,
        authorities: 'PEM',
        token: 'T0KEN',
        path: POD,
        deadlineMs: 5000,
        replyLimit: 2 * 1024 * 1024,
      },
    ])
    expect(elapsed).toBe(5000)
  })

  it('asks nobody else while the agent answers', () => {
    const { exitCode, asked } = add({ files: world().files })
    expect({ exitCode, asked }).toEqual({ exitCode: 0, asked: [] })
  })

  it('makes a pod of the mesh wait', () => {
    const { result, asked } = add({ api: { [POD]: meshPod, [DAEMONSET]: present } })
    expect(result).toMatchObject({
      code: 11,
      msg: expect.stringMatching(/agent .* is away, and pod shop\/cart is in/),
    })
    expect(asked).toEqual([POD, DAEMONSET])
  })

  it.each([
    ['gone', undefined],
    ['being deleted', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }],
  ])('passes a pod of the mesh with a warning when the DaemonSet is %s', (_, daemonSet) => {
    const { exitCode, log } = add({ api: { [POD]: meshPod, [DAEMONSET]: daemonSet } })
    expect(exitCode).toBe(0)
    expect(log.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'warn', because: expect.stringContaining('istio-cni-node is gone') }),
    )
  })

  it('does not look for a DaemonSet when the configuration does not say where', () => {
    const changes = { pod_namespace: '' }
    const { result, asked } = add({ input: input(configuration(changes)), api: { [POD]: meshPod } })
    expect(result).toMatchObject({ code: 11 })
    expect(asked).toEqual([POD])
  })

  it.each([
    ['waits when its namespace is enrolled', { [NAMESPACE]: { metadata: { labels: ambient } } }, 1],
    ['passes when its namespace is not', { [NAMESPACE]: { metadata: {} } }, 0],
    ['passes when its namespace is not there', {}, 0],
  ])('with ambient mode, a pod without sidecar %s', (_, namespace, exit) => {
    const config = configuration({ ambient_enabled: true, enablement_selectors: selectors })
    const api = { [POD]: plainPod, [DAEMONSET]: present, ...namespace }
    const { exitCode, asked } = add({ input: input(config), api })
    expect(exitCode).toBe(exit)
    expect(asked.slice(0, 2)).toEqual([POD, NAMESPACE])
  })

  it('ends at once with code 11 for a pod that does not exist', () => {
    const { result, asked } = add({ api: {} })
    expect(result).toMatchObject({ code: 11, msg: expect.stringContaining('knows no pod shop/cart') })
    expect(asked).toEqual([POD])
  })

  it.each<[string, object, number]>([
    ['another pod of that name', { ...metadata, uid: 'other' }, 1],
    [
      'a static pod',
      { ...metadata, uid: 'other', annotations: { 'kubernetes.io/config.mirror': '0aa2ff9b' } },
      0,
    ],
  ])('tells %s by its uid', (_, changed, exit) => {
    expect(add({ api: { [POD]: { ...plainPod, metadata: changed } } }).exitCode).toBe(exit)
  })

  it.each(['a/../../x', 'cart?x=1', 'Cart', 'a b'])('does not make a path of the name %j', (name) => {
    const env = environment({ CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name}` })
    const { exitCode, asked } = add({ env, api: {} })
    expect({ exitCode, asked }).toEqual({ exitCode: 1, asked: [] })
  })

  it.each<[ApiFailure['failure'], RegExp]>([
    ['refused', /refused: .*is it running/],
    ['unreachable', /unreachable/],
    ['timeout', /timeout: .*firewall/],
    ['tls', /tls: .*KUBE_CA_FILE/],
    ['authorities', /authorities: .*KUBE_CA_FILE/],
    ['closed', /closed/],
    ['garbage', /garbage/],
    ['too-large', /too-large/],
    ['system', /system/],
  ])('fails with code 11 and the cause when the API server fails: %s', (failure, cause) => {
    const { result, elapsed } = add({ api: { failure, detail: 'why' } })
    expect(result).toMatchObject({ code: 11, details: expect.stringMatching(cause) })
    expect(result.msg).toContain('cannot be told')
    expect(result.details).toContain('API server 10.96.0.1:443')
    expect(elapsed).toBeLessThanOrEqual(10_000)
  })

  it.each([
    [
      401,
      '{"kind":"Status","message":"Unauthorized"}',
      /401 \(Unauthorized\): the token in .*expired or revoked/,
    ],
    [403, '{"kind":"Status"}', /403: .*ClusterRole/],
    [404, 'not found', /status 404/],
    [500, '', /status 500/],
    [302, '', /status 302/],
    [200, 'hello', /no JSON object/],
    [200, '[]', /no JSON object/],
    [200, '['.repeat(1000), /no JSON object/],
    [200, '{"kind":"Node","metadata":{"uid":"0aa2ff9b"}}', /pod manifest/],
    [200, '{"metadata":{"uid":"0aa2ff9b","name":7}}', /pod manifest/],
  ])('never takes an unexpected answer for a pass: %i %s', (status, body, details) => {
    const { exitCode, result } = add({ api: { status, body } })
    expect(exitCode).toBe(1)
    expect(result).toMatchObject({ code: 11, details: expect.stringMatching(details) })
  })

  it('says so when the node holds no credentials', () => {
    const { result, asked } = add({ input: input(configuration({ kubeconfig: '' })) })
    expect(result).toMatchObject({ code: 11, details: expect.stringContaining('HOST_CREDENTIALS') })
    expect(asked).toEqual([])
  })

  it.each<[string, Partial<World>, RegExp]>([
    ['is missing', { texts: {} }, /absent.*No such file/],
    ['is too large', { texts: { [KUBECONFIG]: { failure: 'too-large', detail: '' } } }, /too-large/],
    ['is no kubeconfig', { texts: { [KUBECONFIG]: { text: 'hello' } } }, /line 1/],
    [
      'may be written by others',
      {
        files: {
          [RUN_DIR]: rootDirectory,
          [KUBECONFIG]: { kind: 'other', userId: 0, groupId: 0, mode: 0o646 },
        },
      },
      /mode 646/,
    ],
    [
      'belongs to another user',
      {
        files: {
          [RUN_DIR]: rootDirectory,
          [KUBECONFIG]: { kind: 'other', userId: 7, groupId: 0, mode: 0o600 },
        },
      },
      /owner 7/,
    ],
  ])('names the kubeconfig when it %s', (_, changes, problem) => {
    const { result, asked } = add(changes)
    expect(result).toMatchObject({ code: 11, details: expect.stringMatching(problem) })
    expect(result.details).toContain(KUBECONFIG)
    expect(asked).toEqual([])
  })

  it('warns when the certificate is not verified', () => {
    const text = kubeconfig({ trust: 'insecure-skip-tls-verify: true' })
    const { questions, log } = add({ texts: { [KUBECONFIG]: { text } }, api: { [POD]: plainPod } })
    expect(questions).toMatchObject([{ tls: 'unverified', authorities: '' }])
    expect(log.join()).toContain('SKIP_TLS_VERIFY')
  })

  it('reads the kubeconfig that the configuration names', () => {
    const config = configuration({ kubeconfig: '/elsewhere/kubeconfig' })
    const texts = { '/elsewhere/kubeconfig': { text: kubeconfig() } }
    expect(add({ input: input(config), texts, api: { [POD]: plainPod } }).exitCode).toBe(0)
  })

  it.each<[string, World['api']]>([
    ['in an error', { status: 401, body: '{"kind":"Status"}' }],
    ['in a failure', { failure: 'refused', detail: 'no' }],
    ['when it passes', { [POD]: meshPod }],
  ])('never tells the token %s', (_, api) => {
    const { result, log } = add({ api })
    expect(JSON.stringify([result, log])).not.toContain('T0KEN')
  })
})
