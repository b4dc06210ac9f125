import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import {
  restartContainerd,
  restartKubelet,
  spoilToken,
  withHangingApiServer,
  withoutApiServer,
} from './faults.ts'
import { NodeAgent } from './node-agent.ts'
import { deployment, pod, Workloads } from './workloads.ts'

let cluster: Cluster
let agent: NodeAgent
let workloads: Workloads

beforeAll(async () => {
  cluster = await Cluster.prepare()
  await cluster.down()
  await cluster.up()
  agent = new NodeAgent(cluster)
  workloads = new Workloads(cluster)
  await workloads.watchOutside()
})

afterAll(() => cluster?.down())

const deletePods = (...names: string[]) =>
  cluster.kubectl('delete', 'pod', ...names, '--wait=true', '--ignore-not-found', '--timeout=60s')

/** Creates a pod and waits until the node's runtime has been told that it may not start. */
async function createWaitingPod(name: string): Promise<void> {
  await cluster.apply(pod(name, true))
  await until(`the kubelet tells why ${name} waits`, async () =>
    (await workloads.events(name)).includes('FailedCreatePodSandBox'),
  )
}

async function expectRedirected(label: string, count: number): Promise<void> {
  const pods = await workloads.running(label, count)
  const answers = await Promise.all(pods.map((each) => workloads.inbound(each)))
  expect(answers).toEqual(pods.map(() => 'istio-proxy:15006'))
}

describe('a cluster without the agent', () => {
  it('runs pods, and none of their connections is redirected', async () => {
    await cluster.apply(pod('before', true))
    const [before] = await workloads.running('before', 1)
    expect(await workloads.inbound(before ?? { name: '', address: '' })).toBe('app:8080')
    await until("the pod's first connection is noticed", async () => (await workloads.unredirected()) === 1)
    await deletePods('before')
  })
})

/** A kubelet that starts takes its time, the more the more pods it finds. */
const rebootMs = 180_000

describe('pods with a sidecar', () => {
  let unredirectedBefore = 0
  beforeAll(async () => {
    await agent.deploy()
    await agent.start()
    await agent.ready()
    unredirectedBefore = await workloads.unredirected()
  })

  const expectNoneUnredirected = async () => expect(await workloads.unredirected()).toBe(unredirectedBefore)

  it('have both directions redirected, without an init container', async () => {
    await cluster.apply(pod('web', true))
    const [web] = await workloads.running('web', 1)
    if (web === undefined) throw new Error('no pod')
    expect(await workloads.inbound(web)).toBe('istio-proxy:15006')
    expect(await workloads.outbound(web)).toBe('istio-proxy:15001')
    const description = await cluster.kubectl('describe', 'pod', 'web')
    expect(description).not.toContain('Init Containers')
    expect(await cluster.kubectl('get', 'pod', 'web', '-o', 'yaml')).not.toContain('NET_ADMIN')
    await expectNoneUnredirected()
  })

  it('stand beside pods without one, which are left alone', async () => {
    await cluster.apply(pod('plain', false))
    const [plain] = await workloads.running('plain', 1)
    expect(await workloads.inbound(plain ?? { name: '', address: '' })).toBe('app:8080')
    await until(
      'its first connection is noticed',
      async () => (await workloads.unredirected()) > unredirectedBefore,
    )
    unredirectedBefore = await workloads.unredirected()
    await deletePods('plain')
  })

  it('are redirected all thirty of a deployment, and leave nothing behind', async () => {
    const before = await workloads.networkNamespaces()
    await cluster.apply(deployment('thirty', 30))
    await expectRedirected('thirty', 30)
    await expectNoneUnredirected()
    await cluster.kubectl('delete', 'deployment', 'thirty')
    await workloads.gone('thirty')
    await until('their namespaces are gone', async () => (await workloads.networkNamespaces()) === before)
  })

  it('are redirected while the agent restarts again and again under churn', async () => {
    await cluster.apply(deployment('churn', 6))
    for (const [round, signal] of (['TERM', 'KILL', 'TERM', 'KILL'] as const).entries()) {
      // Not `rollout restart`, which refuses a second one within the same second.
      const template = { metadata: { annotations: { round: String(round) } } }
      await cluster.kubectl('patch', 'deployment', 'churn', '-p', JSON.stringify({ spec: { template } }))
      await agent.restart(signal)
    }
    await cluster.kubectl('rollout', 'status', 'deployment/churn', '--timeout=120s')
    await expectRedirected('churn', 6)
    await expectNoneUnredirected()
    await cluster.kubectl('delete', 'deployment', 'churn')
    await workloads.gone('churn')
  })

  it('wait while the agent is dead, are told why, and start redirected', async () => {
    await agent.stop('KILL')
    await createWaitingPod('patient')
    await agent.start()
    await expectRedirected('patient', 1)
    await expectNoneUnredirected()
    await deletePods('patient')
  })

  it('can be deleted while the agent is dead', async () => {
    await cluster.apply(pod('short', true))
    await workloads.running('short', 1)
    const before = await workloads.networkNamespaces()
    await agent.stop('KILL')
    await deletePods('short')
    await until('its namespace is gone', async () => (await workloads.networkNamespaces()) === before - 1)
    await agent.start()
    await agent.ready()
  })

  it.each([
    ['is away', withoutApiServer],
    ['hangs', withHangingApiServer],
  ])('wait while the API server %s, and start redirected afterwards', async (_, withFault) => {
    await agent.stop('KILL')
    await createWaitingPod('offline')
    await withFault(cluster, async () => {
      await agent.start()
      expect(await agent.unready()).toContain('API server')
    })
    await expectRedirected('offline', 1)
    await expectNoneUnredirected()
    await deletePods('offline')
  })

  it('start redirected once an agent whose token was refused has a good one', async () => {
    await agent.stop('KILL')
    await createWaitingPod('refused')
    await spoilToken()
    await agent.start()
    expect(await agent.unready()).toContain('401')
    await agent.bringToken()
    await expectRedirected('refused', 1)
    await expectNoneUnredirected()
    await deletePods('refused')
  })

  it('stay redirected over restarts of the kubelet and of containerd, as do new ones', async () => {
    await restartKubelet(cluster)
    await restartContainerd(cluster)
    await cluster.apply(pod('later', true))
    await expectRedirected('web', 1)
    await expectRedirected('later', 1)
    await expectNoneUnredirected()
    await deletePods('later')
  })

  it('come back redirected after a reboot, although the node starts before its agent', async () => {
    await cluster.reboot()
    await workloads.watchOutside()
    await until(
      'the kubelet tells why the pod waits',
      async () => (await workloads.events('web')).includes('FailedCreatePodSandBox'),
      rebootMs,
    )
    await agent.bringToken()
    await agent.start()
    await agent.ready()
    await expectRedirected('web', 1)
    await expectNoneUnredirected()
  })
})
