import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AgentProcess, httpGet } from '../testbed/agent-process.ts'
import { addChain, type ConfList, repeatChain, type Sandbox } from '../testbed/chain.ts'
import { command } from '../testbed/commands.ts'
import { NodeBed, prevResult, rulesIn } from './node-bed.ts'

let bed: NodeBed
let agent: AgentProcess
let chain: ConfList

const add = (sandbox: Sandbox, given: Record<string, unknown> | undefined = prevResult) =>
  addChain(chain, [bed.binDir], sandbox, given)
const check = (sandbox: Sandbox) => repeatChain('CHECK', chain, [bed.binDir], sandbox, prevResult)

beforeAll(async () => {
  bed = await NodeBed.create()
  agent = bed.agent({ LOG_LEVEL: 'debug' })
  await agent.ready()
  chain = await bed.ourChain()
})
afterAll(() => bed.close())

describe('ADD through plugin and agent', () => {
  it('redirects a pod with a sidecar and gives the result of the plugin before', async () => {
    const sandbox = await bed.createPod('meshed')
    const { result } = await add(sandbox)
    expect(result).toEqual(prevResult)
    expect(await rulesIn(sandbox)).toContain('-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001')
  })

  it('leaves a pod without a sidecar alone', async () => {
    const sandbox = await bed.createPod('plain', {}, false)
    await add(sandbox)
    expect(await rulesIn(sandbox)).not.toContain('ISTIO')
  })

  it('changes nothing when it is repeated', async () => {
    const sandbox = await bed.createPod('twice')
    await add(sandbox)
    const once = await rulesIn(sandbox)
    await add(sandbox)
    expect(withoutComments(await rulesIn(sandbox))).toBe(withoutComments(once))
  })

  it('redirects and answers an empty result when it is the only plugin of its call', async () => {
    const sandbox = await bed.createPod('alone')
    const { result } = await addChain(chain, [bed.binDir], sandbox)
    expect(result).toEqual({ cniVersion: '1.0.0' })
    expect(await rulesIn(sandbox)).toContain('ISTIO_OUTPUT')
  })

  it('refuses a pod by its bad annotation: names it, its value and what is expected, and leaves no rule', async () => {
    const annotation = 'traffic.sidecar.istio.io/excludeOutboundPorts'
    const sandbox = await bed.createPod('bad', { annotations: { [annotation]: 'http' } })
    await expect(add(sandbox)).rejects.toThrow(
      new RegExp(`100 pod shop/bad.*${annotation} is "http"; expected`),
    )
    expect(await rulesIn(sandbox)).not.toContain('ISTIO')
  })

  it('asks the runtime to try again when the pod is not known', async () => {
    const sandbox = await bed.createPod('known')
    const stranger = { ...sandbox, pod: { ...sandbox.pod, name: 'stranger' } }
    await expect(add(stranger)).rejects.toThrow(/11 pod shop\/stranger is not known/)
  })

  it('names the pod that has no address to redirect', async () => {
    const sandbox = await bed.createPod('nowhere')
    const local = { ...prevResult, ips: [{ address: '169.254.0.2/16', interface: 0 }] }
    await expect(add(sandbox, local)).rejects.toThrow(
      /101 pod shop\/nowhere could not be redirected the pod has no address/,
    )
  })

  it('redirects fifty pods at once', async () => {
    const sandboxes: Sandbox[] = []
    for (let number = 0; number < 50; number += 1) sandboxes.push(await bed.createPod(`crowd-${number}`))
    await Promise.all(sandboxes.map((sandbox) => add(sandbox)))
    for (const sandbox of sandboxes) expect(await rulesIn(sandbox)).toContain('-A OUTPUT -j ISTIO_OUTPUT')
  })

  it('takes the request of the original plugin', async () => {
    const sandbox = await bed.createPod('migrated')
    const IPs = [{ Interface: 1, Address: { IP: '10.77.0.2', Mask: '//8AAA==' }, Gateway: '10.77.255.254' }]
    const body = JSON.stringify({ Netns: sandbox.netns, PodName: 'migrated', PodNamespace: 'shop', IPs })
    expect(await post(join(bed.runDir, 'pluginevent.sock'), '/cmdadd', body)).toBe(200)
    expect(await rulesIn(sandbox)).toContain('ISTIO_OUTPUT')
  })
})

describe('CHECK and DEL through plugin and agent', () => {
  it('finds nothing to say after ADD, and names the rule that somebody took away', async () => {
    const sandbox = await bed.createPod('checked')
    await add(sandbox)
    await check(sandbox)
    await command(
      'nsenter',
      `--net=${sandbox.netns}`,
      'iptables',
      '-t',
      'nat',
      '-D',
      'OUTPUT',
      '-j',
      'ISTIO_OUTPUT',
    )
    await expect(check(sandbox)).rejects.toThrow(/102 .*shop\/checked.*\n?.*OUTPUT -j ISTIO_OUTPUT/)
    await add(sandbox)
    await check(sandbox)
  })

  it('lets every pod go', async () => {
    const sandbox = await bed.createPod('gone')
    await add(sandbox)
    await repeatChain('DEL', chain, [bed.binDir], sandbox, prevResult)
    const nowhere = {
      ...sandbox,
      netns: '/var/run/netns/nowhere',
      pod: { ...sandbox.pod, name: 'never-known' },
    }
    await repeatChain('DEL', chain, [bed.binDir], nowhere, prevResult)
  })
})

describe('what an operator sees', () => {
  it('is one line for a redirected pod, with its fields', async () => {
    expect(agent.log()).toMatch(
      /info\tcni-agent\tredirected a pod to its sidecar\tpod=meshed namespace=shop mode=REDIRECT change=applied ms=/,
    )
  })

  it('is, at debug, why a pod is not redirected', () => {
    expect(agent.log()).toMatch(/debug\tcni-agent\tleft a pod alone\tpod=plain namespace=shop because=/)
  })

  it("is the plugin's own words, with the scope of the plugin", async () => {
    const line = JSON.stringify({
      level: 'warn',
      time: '2026-01-01T00:00:00Z',
      msg: 'from a plugin',
      container: 'c0',
    })
    expect(await post(join(bed.runDir, 'log.sock'), '/log', JSON.stringify([line]))).toBe(200)
    await expect.poll(() => agent.log()).toMatch(/warn\tcni-plugin\tfrom a plugin\tcontainer=c0/)
  })

  it('is one line for a line of a plugin, whatever it holds', async () => {
    const line = JSON.stringify({ level: 'info', time: 't', scope: 'cni-agent', msg: 'one\ntwo\u001b[2J' })
    expect(await post(join(bed.runDir, 'log.sock'), '/log', JSON.stringify(['garbage', line]))).toBe(200)
    await expect
      .poll(() => agent.log())
      .toMatch(/info\tcni-plugin\tone\\u\{a\}two\\u\{1b\}\[2J\tplugin-scope=cni-agent/)
    expect(agent.log()).toMatch(/warn\tcni-plugin\tdropped log lines of the plugin\tlines=1 why=/)
  })

  it("is metrics under the original's names, and the phases of an ADD", async () => {
    const metrics = (await httpGet(bed.ports.monitoring, '/metrics'))?.body
    expect(metrics).toMatch(/istio_cni_installs_total\{result="SUCCESS"\} [1-9]/)
    expect(metrics).toContain('istio_cni_install_ready 1')
    expect(metrics).toMatch(/istio_cni_plugin_requests_total\{response_code="200"\} \d+/)
    for (const phase of ['lookup', 'decide', 'apply', 'total'])
      expect(metrics).toContain(`istio_cni_add_phase_seconds_count{phase="${phase}"}`)
  })
})

/** @returns the status */
function post(socketPath: string, path: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method: 'POST' }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    call.on('error', reject).end(body)
  })
}

const withoutComments = (saved: string) => saved.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '')
