import { describe, expect, it } from 'vitest'
import { deliverLog } from './deliver-log.ts'
import { configuration, done, environment, input, portsOf, type World, world } from './fake-world.ts'
import { runPlugin } from './plugin.ts'
import type { HttpFailure } from './ports.ts'

const away: HttpFailure = { failure: 'refused', detail: 'Connection refused' }
const excluded = environment({ CNI_ARGS: 'K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=dns' })
const failing = environment({ CNI_ARGS: 'whatever' })

function deliver(changes: Partial<World>) {
  const ports = portsOf(world(changes))
  const outcome = runPlugin(ports)
  const asked = ports.requests.length
  const unsent = deliverLog(outcome, ports)
  return { unsent, requests: ports.requests.slice(asked), appended: ports.appended }
}

describe('deliverLog', () => {
  it('is silent about a pod that passes', () => {
    expect(deliver({ env: excluded, replies: [] })).toEqual({ unsent: '', requests: [], appended: [] })
  })

  it('says at level debug why a pod passed, to the agent, as the original does', () => {
    const given = input(configuration({ plugin_log_level: 'debug' }))
    const { requests, unsent } = deliver({ env: excluded, input: given })
    expect(unsent).toBe('')
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({ socketPath: '/var/run/istio-cni/log.sock', path: '/log' })
    const lines: unknown[] = JSON.parse(requests[0]?.body ?? '')
    expect(lines.map((line) => JSON.parse(String(line)))).toEqual([
      {
        level: 'debug',
        time: '2026-01-02T03:04:05.000Z',
        msg: 'passed the pod without redirection',
        plugin: 'istio-cni',
        because: 'its namespace is excluded',
        pod: 'dns',
        namespace: 'kube-system',
      },
    ])
  })

  it('does not keep the runtime waiting for a log that hangs', () => {
    const { requests } = deliver({ env: failing, replies: [{ failure: 'timeout', detail: '' }] })
    expect(requests.map(({ connectDeadlineMs, deadlineMs }) => connectDeadlineMs + deadlineMs)).toEqual([200])
  })

  it.each([
    ['is away', { replies: [away] }],
    ['has no socket', { replies: [], files: {} }],
    ['is a stranger', { replies: [{ ...done, peerUserId: 1000 }] }],
    ['does not take them', { replies: [{ ...done, status: 500 }] }],
  ])('leaves the lines to stderr when the agent %s', (_, changes) => {
    const { unsent } = deliver({ env: failing, ...changes })
    expect(JSON.parse(unsent)).toMatchObject({ level: 'error', command: 'ADD', code: 4 })
  })

  it('keeps errors back at level none', () => {
    const given = input(configuration({ plugin_log_level: 'none' }))
    expect(deliver({ env: failing, input: given, replies: [] }).unsent).toBe('')
  })

  it('writes a bounded file only when one is configured', () => {
    const given = input(configuration({ plugin_log_file: '/var/log/istio-cni.log' }))
    const { appended } = deliver({ env: failing, input: given })
    expect(appended).toEqual([
      { path: '/var/log/istio-cni.log', text: expect.stringMatching(/^\{.*\}\n$/), limit: 10 * 1024 * 1024 },
    ])
    expect(deliver({ env: failing }).appended).toEqual([])
  })
})
