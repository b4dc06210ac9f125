import { describe, expect, it } from 'vitest'
import { configuration, done, environment, input, portsOf, type World, world } from './fake-world.ts'
import { kubeconfig } from './kubeconfig.fixture.ts'
import { runPlugin } from './plugin.ts'
import type { HttpFailure } from './ports.ts'

const DAEMONSET = '/apis/apps/v1/namespaces/istio-system/daemonsets/istio-cni-node'
const refused: HttpFailure = { failure: 'refused', detail: 'Connection refused' }

function call(CNI_COMMAND: string, changes: Partial<World> = {}) {
  const given = world({ input: input(configuration({ cniVersion: '1.1.0' })), ...changes })
  const ports = portsOf({ ...given, env: { ...given.env, CNI_COMMAND } })
  const { stdout, exitCode } = runPlugin(ports)
  const result = stdout === undefined ? undefined : JSON.parse(stdout)
  return { exitCode, result, requests: ports.requests, elapsed: ports.elapsed() }
}

describe('CHECK', () => {
  it('asks the agent to compare the rules', () => {
    const { requests, exitCode, result } = call('CHECK')
    expect({ exitCode, result }).toEqual({ exitCode: 0, result: undefined })
    expect(requests[0]).toMatchObject({
      path: '/cmdcheck',
      body: expect.stringContaining('"PodName":"cart"'),
    })
  })

  it('reports what the agent found', () => {
    const body = JSON.stringify({ code: 102, msg: 'rules are missing' })
    expect(call('CHECK', { replies: [{ status: 500, body, peerUserId: 0 }] }).result).toMatchObject({
      code: 102,
    })
  })

  it('cannot do without an agent', () => {
    expect(call('CHECK', { replies: [refused] }).result).toMatchObject({ code: 11 })
  })

  it('has nothing to check in pods that pass unasked', () => {
    const env = environment({ CNI_ARGS: 'K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=dns' })
    expect(call('CHECK', { env, replies: [], files: {} })).toMatchObject({ exitCode: 0, requests: [] })
  })
})

describe('STATUS', () => {
  it.each([
    ['succeeds when the DaemonSet is gone: ADD lets pods start', {}, 0],
    ['is 50 while the DaemonSet is there', { [DAEMONSET]: { metadata: {} } }, 1],
    ['is 50 when the API server says nothing', { failure: 'refused', detail: 'no' } as const, 1],
  ])('without an agent %s', (_, api, exit) => {
    const texts = { '/etc/cni/net.d/ZZZ-istio-cni-kubeconfig': { text: kubeconfig() } }
    const { exitCode, elapsed } = call('STATUS', { replies: [refused], texts, api })
    expect(exitCode).toBe(exit)
    expect(elapsed).toBeLessThanOrEqual(4000)
  })

  it('is ready when the agent is', () => {
    const { requests, exitCode, result } = call('STATUS')
    expect({ exitCode, result }).toEqual({ exitCode: 0, result: undefined })
    expect(requests[0]).toMatchObject({ path: '/cmdstatus', body: '{}' })
  })

  it('is ready with an agent of the original, which does not know the question', () => {
    expect(
      call('STATUS', { replies: [{ status: 404, body: '404 page not found\n', peerUserId: 0 }] }).exitCode,
    ).toBe(0)
  })

  it.each([
    [refused, 50],
    [{ ...done, peerUserId: 1000 }, 50],
    [{ status: 503, body: '{"code":11,"msg":"no pods yet"}', peerUserId: 0 }, 50],
    [{ status: 503, body: '{"code":51,"msg":"ztunnel is away"}', peerUserId: 0 }, 51],
    [{ status: 500, body: 'starting', peerUserId: 0 }, 50],
    [{ status: 200, body: 'what?', peerUserId: 0 }, 50],
  ])('answers %j with code %i', (reply, code) => {
    expect(call('STATUS', { replies: [reply] })).toMatchObject({
      exitCode: 1,
      result: { cniVersion: '1.1.0', code },
    })
  })

  it('needs no variable but the command', () => {
    expect(call('STATUS', { env: {} }).exitCode).toBe(0)
  })
})

describe('DEL', () => {
  it('tells the agent', () => {
    expect(call('DEL').requests[0]).toMatchObject({ path: '/cmddel', deadlineMs: 1500 })
  })

  it.each<[string, Partial<World>]>([
    ['the agent is away', { replies: [refused] }],
    ['the agent refuses', { replies: [{ status: 500, body: 'no', peerUserId: 0 }] }],
    ['a stranger listens', { replies: [{ ...done, peerUserId: 1000 }] }],
    ['nothing is installed any more', { files: {}, replies: [] }],
    ['our keys are broken', { input: input(configuration({ exclude_namespaces: 7, prevResult: 'x' })) }],
    ['CNI_ARGS are broken', { env: environment({ CNI_ARGS: 'whatever' }) }],
    ['the namespace is gone', { namespaces: {}, env: environment({ CNI_NETNS: undefined }) }],
    ['the cniVersion has no CHECK', { input: input(configuration({ cniVersion: '0.3.1' })) }],
  ])('succeeds at once when %s', (_, changes) => {
    expect(call('DEL', changes)).toMatchObject({ exitCode: 0, result: undefined, elapsed: 0 })
  })
})
