import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { rotateServiceAccountKey } from './faults.ts'
import { inState, nodePaths } from './layout.ts'
import { NodeAgent } from './node-agent.ts'
import { nodeFile } from './node-namespace.ts'
import { running as processOf } from './processes.ts'
import { replayAdd } from './recorded-call.ts'
import { killSandbox, sandboxOf } from './sandboxes.ts'
import { paces, SlowConnection } from './slow-connection.ts'
import { tokenEndingIn } from './tokens.ts'
import { pod, podWithNativeSidecar, type RunningPod, Workloads } from './workloads.ts'

let cluster: Cluster
let agent: NodeAgent
let workloads: Workloads
let unredirectedBefore = 0

beforeAll(async () => {
  cluster = await Cluster.prepare()
  await cluster.down()
  await cluster.up()
  // The kubeconfig is to have the tokens that these tests end; orphan.test.ts has the node's own.
  agent = new NodeAgent(cluster, { HOST_TOKEN_SECONDS: '0' })
  workloads = new Workloads(cluster)
  await workloads.watchOutside()
  await cluster.apply(pod('earlier', true))
  await expectLeftAlone('earlier')
  await agent.deploy()
  await agent.start()
  await agent.ready()
})

afterAll(() => cluster?.down())

async function runningPod(name: string): Promise<RunningPod> {
  const [found] = await workloads.running(name, 1)
  if (found === undefined) throw new Error(`no pod ${name}`)
  return found
}

async function expectRedirected(name: string): Promise<void> {
  expect(await workloads.inbound(await runningPod(name))).toBe('istio-proxy:15006')
  expect(await workloads.unredirected()).toBe(unredirectedBefore)
}

async function expectLeftAlone(name: string): Promise<void> {
  expect(await workloads.inbound(await runningPod(name))).toBe('app:8080')
  const isNoticed = async () => (await workloads.unredirected()) > unredirectedBefore
  await until(`the first connection of ${name} is noticed`, isNoticed)
  unredirectedBefore += 1
}

/** Creates a pod and waits until the runtime was told that it may not start, and why. */
async function expectWaiting(name: string, withSidecar: boolean, why: RegExp): Promise<void> {
  await cluster.apply(pod(name, withSidecar))
  await until(`the kubelet tells that ${name} waits: ${why}`, async () =>
    (await workloads.events(name)).split('\n').some((line) => line.includes('istio-cni') && why.test(line)),
  )
}

/** As when a pod's namespaces end by themselves: the kubelet makes the pod anew, in new ones. */
async function remake(name: string): Promise<void> {
  const former = await runningPod(name)
  await killSandbox(cluster, await sandboxOf(cluster, name))
  await until(`${name} has another address`, async () => (await runningPod(name)).address !== former.address)
}

const deletePods = (...names: string[]) =>
  cluster.kubectl('delete', 'pod', ...names, '--wait=true', '--ignore-not-found', '--timeout=60s')

const kubeconfigPath = `${nodePaths.netDir}/ZZZ-istio-cni-kubeconfig`
const untilKubeconfigHas = (token: string) =>
  until('the kubeconfig on the node has the token', async () =>
    (await readFile(nodeFile(kubeconfigPath), 'utf8')).includes(token),
  )

async function apiRequests(verb: string, code: string): Promise<number> {
  return (await agent.metrics()).get(`istio_cni_api_requests_total{verb="${verb}",code="${code}"}`) ?? 0
}

const isFollowing = async (expected: 0 | 1) =>
  (await agent.metrics()).get('istio_cni_pod_watch_connected') === expected

describe('a cluster with helm', () => {
  it('takes a chart', async () => {
    const chart = inState('chart')
    await mkdir(`${chart}/templates`, { recursive: true })
    await writeFile(`${chart}/Chart.yaml`, 'apiVersion: v2\nname: noted\nversion: 0.1.0\n')
    const note = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'note' }, data: { by: 'helm' } }
    await writeFile(`${chart}/templates/note.yaml`, JSON.stringify(note))
    await cluster.exec('helm', 'install', 'noted', chart)
    expect(await cluster.kubectl('get', 'configmap', 'note', '-o', 'jsonpath={.data.by}')).toBe('helm')
    await cluster.exec('helm', 'uninstall', 'noted')
  })
})

describe("the recorded request of the original's plugin", () => {
  it('has our agent redirect a real pod', async () => {
    const earlier = await runningPod('earlier')
    const { netns } = await sandboxOf(cluster, 'earlier')
    const socket = nodeFile('/run/istio-cni/pluginevent.sock')
    const reply = await replayAdd(socket, { netns, namespace: 'default', ...earlier })
    expect(reply, reply.body).toMatchObject({ status: 200 })
    expect(await workloads.inbound(earlier)).toBe('istio-proxy:15006')
    expect(await workloads.outbound(earlier)).toBe('istio-proxy:15001')
    await deletePods('earlier')
  })
})

describe('a pod whose sidecar is an init container that stays', () => {
  it('has both directions redirected, from the first connection on', async () => {
    await cluster.apply(podWithNativeSidecar('native'))
    const native = await runningPod('native')
    const first = `istio-proxy:15001 from ${native.address}\n`
    await until('its first connection is noticed', async () =>
      (await cluster.kubectl('logs', 'native', '-c', 'istio-proxy')).includes(first),
    )
    await expectRedirected('native')
    expect(await workloads.outbound(native)).toBe('istio-proxy:15001')
    await deletePods('native')
  })
})

describe('an agent between which and the API server the line is slow', () => {
  let line: SlowConnection
  beforeAll(async () => {
    line = new SlowConnection(cluster)
    await line.start()
    await agent.stop()
    await agent.start(line.port)
    await agent.ready()
    await cluster.apply(pod('known', true))
    await expectRedirected('known')
  })
  afterAll(async () => {
    await agent.stop()
    await line.stop()
    await agent.start()
    await agent.ready()
  })

  it('redirects new pods', async () => {
    await line.set(paces.slow)
    await cluster.apply(pod('slow', true))
    await expectRedirected('slow')
    await deletePods('slow')
  })

  it('answers for pods that it knows without asking', async () => {
    await line.set(paces.crawling)
    const before = await agent.metrics()
    await remake('known')
    await expectRedirected('known')
    const after = await agent.metrics()
    const gets = (series: ReadonlyMap<string, number>) =>
      [...series].filter(([name]) => name.includes('verb="get"'))
    expect(gets(after)).toEqual(gets(before))
  })

  it('has new pods wait that it cannot ask about in time, and says so', async () => {
    await line.set(paces.crawling)
    await expectWaiting('unheard', true, /could not be looked up.*no answer within \d+ ms/)
    expect(await workloads.unredirected()).toBe(unredirectedBefore)
    await line.set(paces.usual)
    await expectRedirected('unheard')
    await deletePods('unheard')
  })
})

describe("the agent's token", () => {
  it('is in the kubeconfig on the node as soon as it is renewed; while it has ended and the agent is away, pods wait', async () => {
    const reading = () => cluster.kubectl('--kubeconfig', kubeconfigPath, 'get', 'pods')
    await untilKubeconfigHas(await agent.bringToken(await tokenEndingIn(cluster, 600)))
    await reading()
    await untilKubeconfigHas(await agent.bringToken(await tokenEndingIn(cluster, -120)))
    await expect(reading()).rejects.toThrow('Unauthorized')
    await agent.stop('KILL')
    await expectWaiting('plain', false, /401.*is expired or revoked; a running agent renews it/)

    await agent.start()
    await untilKubeconfigHas(await agent.bringToken())
    await agent.ready()
    await expectLeftAlone('plain')
    await agent.stop('KILL')
    await cluster.apply(pod('plain-again', false))
    await expectLeftAlone('plain-again')
    await deletePods('plain', 'plain-again')
    await agent.start()
    await agent.ready()
  })

  it('may be refused: known pods are redirected all the same, new ones wait until there is a good token', async () => {
    await runningPod('known')
    const process = processOf('agent')
    await rotateServiceAccountKey(cluster)
    await until('the agent sees 401', async () => (await apiRequests('watch', '401')) > 0)
    expect(await isFollowing(0)).toBe(true)
    expect(await agent.ready()).toMatch(/^200/)
    await remake('known')
    await expectRedirected('known')
    expect(await apiRequests('get', '401')).toBe(0)
    await expectWaiting('unknown', true, /could not be looked up.*401/)
    expect(await apiRequests('get', '401')).toBeGreaterThan(0)

    await untilKubeconfigHas(await agent.bringToken())
    await expectRedirected('unknown')
    await until('the agent follows the pods again', () => isFollowing(1))
    expect(processOf('agent')).toBe(process)
  })
})
