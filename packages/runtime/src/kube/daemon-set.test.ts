import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ApiClient } from './client.ts'
import { intentByApi } from './daemon-set.ts'
import { FakeApiServer, reply } from './fake-api-server.ts'

const daemonSetPath = '/apis/apps/v1/namespaces/istio-system/daemonsets/istio-cni-node'
const nodePath = '/api/v1/nodes/node-1'
const node = {
  kind: 'Node',
  metadata: { name: 'node-1', labels: { 'kubernetes.io/os': 'linux', pool: 'web', cores: '8' } },
}
const daemonSet = (spec: object = {}, metadata: object = {}) => ({
  kind: 'DaemonSet',
  metadata,
  spec: { template: { spec } },
})
const affinity = (...nodeSelectorTerms: object[]) =>
  daemonSet({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  })
const label = (operator: string, key: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
})

describe('intentByApi', () => {
  let server: FakeApiServer
  let client: ApiClient
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'intent-'))
    server = await FakeApiServer.start()
    client = new ApiClient(
      {
        protocol: 'http',
        host: '127.0.0.1',
        port: server.port,
        tokenFile: join(directory, 'token'),
        authorityFile: join(directory, 'ca.crt'),
        skipTlsVerify: false,
      },
      () => {},
    )
  })
  afterAll(async () => {
    client.close()
    await server.close()
    await rm(directory, { recursive: true })
  })
  beforeEach(() => {
    isOwnPodThere = true
    server.fault = () => false
    server.setObject(nodePath, node)
    server.setObject(daemonSetPath, undefined)
  })

  let isOwnPodThere = true
  const ask = (deadlineMs = 3_000, forbiddenMs = 0) =>
    intentByApi({
      client,
      namespace: 'istio-system',
      nodeName: 'node-1',
      isOwnPodThere: async () => isOwnPodThere,
      deadlineMs,
      forbiddenMs,
      newsMs: 60,
    })

  it.each([
    ['the DaemonSet is gone', undefined],
    ['the DaemonSet is being deleted', daemonSet({}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['its node selector has another label', daemonSet({ nodeSelector: { pool: 'batch' } })],
    ['its affinity wants another label', affinity(label('In', 'pool', 'batch'))],
    ['its affinity excludes the label', affinity(label('NotIn', 'pool', 'web'))],
    ['its affinity wants a label that is not there', affinity(label('Exists', 'gpu'))],
    ['its affinity refuses a label that is there', affinity(label('DoesNotExist', 'pool'))],
    ['its affinity wants more', affinity(label('Gt', 'cores', '8'))],
    ['its affinity wants less', affinity(label('Lt', 'cores', '8'))],
    [
      'its affinity names another node',
      affinity({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }),
    ],
    ['its affinity has an empty term', affinity({})],
    [
      'one requirement of the term fails',
      affinity({
        matchExpressions: [
          ...label('In', 'pool', 'web').matchExpressions,
          ...label('Exists', 'gpu').matchExpressions,
        ],
      }),
    ],
  ])('uninstalls when %s', async (_, object) => {
    server.setObject(daemonSetPath, object)
    expect(await ask()).toMatchObject({ uninstall: true })
  })

  it.each([
    ['the DaemonSet is there', daemonSet()],
    ['its node selector fits', daemonSet({ nodeSelector: { pool: 'web' } })],
    ['one of its terms fits', affinity(label('In', 'pool', 'batch'), label('In', 'pool', 'web'))],
    [
      'its affinity names this node',
      affinity({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }] }),
    ],
    ['its affinity wants more than less', affinity(label('Gt', 'cores', '7'))],
    ['its affinity is not understood', affinity(label('Near', 'pool', 'web'))],
    ['its affinity has no terms', affinity()],
    ['its affinity is nonsense', daemonSet({ nodeSelector: [], affinity: 7 })],
    ['something else comes', { kind: 'Pod' }],
  ])('stays when %s', async (_, object) => {
    server.setObject(daemonSetPath, object)
    expect(await ask()).toMatchObject({ uninstall: false })
  })

  it.each([
    ['is forbidden', 403, { kind: 'Status', reason: 'Forbidden' }],
    ['fails', 500, 'no JSON'],
    ["is answered by a proxy's 404", 404, '<html>'],
    ["is answered by a proxy's 401", 401, '<html>'],
  ])('stays when the question %s', async (_, code, body) => {
    server.fault = (_asked, response) => {
      reply(response, code, body)
      return true
    }
    expect(await ask()).toMatchObject({ uninstall: false })
  })

  const refuse = (...answers: (readonly [number, string])[]) => {
    server.fault = (_asked, response) => {
      const [code, reason] = (answers.length > 1 ? answers.shift() : answers[0]) ?? [500, '']
      reply(response, code, { kind: 'Status', reason })
      return true
    }
  }

  it('uninstalls when its service account went with the DaemonSet', async () => {
    refuse([401, 'Unauthorized'])
    expect(await ask()).toMatchObject({ uninstall: true })
  })

  it('uninstalls when first its rights went, and then its service account', async () => {
    refuse([403, 'Forbidden'], [401, 'Unauthorized'])
    expect(await ask(3_000, 10_000)).toMatchObject({ uninstall: true })
  })

  it('stays when its token ended because its pod was deleted by force, also when word of that comes late', async () => {
    refuse([401, 'Unauthorized'])
    isOwnPodThere = false
    expect(await ask()).toMatchObject({ uninstall: false })
    isOwnPodThere = true
    const asked = ask()
    setTimeout(() => {
      isOwnPodThere = false
    }, 1)
    expect(await asked).toMatchObject({ uninstall: false })
  })

  it('stays when the node cannot be read, or nobody answers in time', async () => {
    server.setObject(daemonSetPath, daemonSet({ nodeSelector: { pool: 'batch' } }))
    server.setObject(nodePath, undefined)
    expect(await ask()).toMatchObject({ uninstall: false })
    server.fault = () => true
    expect(await ask(50)).toMatchObject({
      uninstall: false,
      why: expect.stringContaining('no answer within'),
    })
  })
})
