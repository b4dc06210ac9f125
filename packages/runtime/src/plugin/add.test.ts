import { describe, expect, it } from 'vitest'
import { configuration, done, environment, input, portsOf, type World, world } from './fake-world.ts'
import { runPlugin } from './plugin.ts'

const offline: Partial<World> = { files: {}, replies: [], namespaces: {} }

function add(changes: Partial<World> = {}) {
  const ports = portsOf(world(changes))
  const { stdout = '', exitCode } = runPlugin(ports)
  return { exitCode, stdout, result: JSON.parse(stdout), requests: ports.requests, elapsed: ports.elapsed() }
}

function pod(namespace: string, name: string): Record<string, string> {
  return environment({ CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name}` })
}

describe('ADD', () => {
  it('asks the agent in the words of the original, and says the rest in headers', () => {
    const { requests, exitCode } = add()
    expect(exitCode).toBe(0)
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({
      socketPath: '/var/run/istio-cni/pluginevent.sock',
      method: 'POST',
      path: '/cmdadd',
      headers: {
        'Content-Type': 'application/json',
        'Cni-Container-Id': 'c0',
        'Cni-Ifname': 'eth0',
        'Cni-Pod-Uid': '0aa2ff9b',
      },
      body: '{"Netns":"/run/netns/pod","PodName":"cart","PodNamespace":"shop","IPs":[{"Interface":1,"Address":{"IP":"10.77.0.2","Mask":"//8AAA=="},"Gateway":"10.77.255.254"}]}',
    })
  })

  it('gives null addresses when there is no previous result', () => {
    const { requests, result } = add({ input: input(configuration({ prevResult: undefined })) })
    expect(requests[0]?.body).toContain('"IPs":null')
    expect(result).toEqual({ cniVersion: '1.0.0' })
  })

  it('passes the previous result on to the byte, whatever is in it', () => {
    const previous =
      '{ "cniVersion":"1.0.0", "vendor" : {"id":12345678901234567890, "x": "\\u00e9\\ud800"},\n"ips": [] }'
    const text = `{"prevResult":{"old":1},"cniVersion":"1.0.0","name":"pods","prevResult": ${previous} ,"a":"}"}`
    const { stdout } = add({ input: { text } })
    expect(stdout).toBe(`${previous}\n`)
  })

  it('lets the own agent pod pass without agent, even with a bad configuration', () => {
    const bad = input(configuration({ exclude_namespaces: 7 }))
    expect(add({ ...offline, env: pod('istio-system', 'istio-cni-node-x7k2p'), input: bad })).toMatchObject({
      exitCode: 0,
      result: configuration().prevResult,
      elapsed: 0,
    })
  })

  it('lets excluded namespaces pass without agent', () => {
    expect(add({ ...offline, env: pod('kube-system', 'dns') })).toMatchObject({ exitCode: 0, elapsed: 0 })
  })

  it.each(['', 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop', 'K8S_POD_NAME=cart'])(
    'lets a container pass that CNI_ARGS %j do not call a pod',
    (CNI_ARGS) => {
      expect(add({ ...offline, env: environment({ CNI_ARGS }) })).toMatchObject({ exitCode: 0, elapsed: 0 })
    },
  )

  it.each([
    ['istio-system', 'ztunnel-x7k2p'],
    ['default', 'istio-cni-node-x7k2p'],
  ])('does not take %s/%s for the agent', (namespace, name) => {
    expect(add({ env: pod(namespace, name) }).requests).toHaveLength(1)
  })

  it.each([
    'whatever',
    'FOO=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart',
    'IgnoreUnknown=0;FOO=1',
    'IgnoreUnknown=maybe',
    'A=B=C',
    'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart;K8S_POD_UID=a\r\nb',
    `A=${'x'.repeat(20_000)}`,
  ])('refuses CNI_ARGS %j with code 4', (CNI_ARGS) => {
    const { result, requests } = add({ env: environment({ CNI_ARGS }) })
    expect(result).toMatchObject({ code: 4, msg: expect.stringContaining('CNI_ARGS') })
    expect(requests).toEqual([])
  })

  it('refuses a path that is no network namespace, with code 4', () => {
    expect(add({ namespaces: {} }).result).toMatchObject({
      code: 4,
      msg: expect.stringContaining('CNI_NETNS'),
    })
  })

  it("refuses the node's own network namespace unless the runtime insists", () => {
    const namespaces = { '/run/netns/pod': '1', '/proc/self/ns/net': '1' }
    expect(add({ namespaces }).result).toMatchObject({ code: 4, msg: expect.stringContaining("node's own") })
    expect(add({ namespaces, env: environment({ CNI_NETNS_OVERRIDE: 'true' }) }).exitCode).toBe(0)
  })

  it.each(['none', 'sidecar', 'ambient'])('takes the decision %s for success', (decision) => {
    const reply = { ...done, body: JSON.stringify({ decision, because: 'so' }) }
    expect(add({ replies: [reply] })).toMatchObject({ exitCode: 0, result: configuration().prevResult })
  })

  it.each([
    [200, 'ok'],
    [200, '{}'],
    [200, '{"decision":"maybe"}'],
    [200, '['.repeat(60_000)],
    [204, ''],
    [302, ''],
    [100, ''],
  ])('never takes an unexpected reply for success: %i %j', (status, body) => {
    const { result, exitCode } = add({ replies: [{ status, body, peerUserId: 0 }] })
    expect(exitCode).toBe(1)
    expect(result).toMatchObject({ code: 11, msg: expect.stringContaining('unexpected reply') })
  })

  it("prints the agent's own error", () => {
    const error = { code: 100, msg: 'bad annotation', details: 'traffic.sidecar.istio.io/x' }
    const reply = { status: 422, body: JSON.stringify(error), peerUserId: 0 }
    expect(add({ replies: [reply] }).result).toEqual({ cniVersion: '1.0.0', ...error })
  })

  it.each([
    ['no ztunnel connection\n', 'no ztunnel connection'],
    ['', 'no reason given'],
    ['{"code":"x","msg":"y"}', '{"code":"x","msg":"y"}'],
    ['{"code":0,"msg":"y"}', '{"code":0,"msg":"y"}'],
    ['{"code":1e300,"msg":"y"}', '{"code":1e300,"msg":"y"}'],
  ])('makes code 11 of a refusal in plain text: %j', (body, reason) => {
    const { result } = add({ replies: [{ status: 500, body, peerUserId: 0 }] })
    expect(result).toEqual({
      cniVersion: '1.0.0',
      code: 11,
      msg: `the istio-cni agent of this node failed: ${reason}`,
      details: 'HTTP status 500',
    })
  })

  it.each(['0.1.0', '0.2.0'])(
    'needs an address in version %s, and says so before anything is redirected',
    (cniVersion) => {
      const { result, requests } = add({ input: input(configuration({ cniVersion, prevResult: undefined })) })
      expect(result).toMatchObject({ cniVersion, code: 7 })
      expect(requests).toEqual([])
    },
  )
})
