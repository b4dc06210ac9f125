import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeApiServer } from '../../packages/runtime/src/kube/fake-api-server.ts'
import { podTokenOf } from '../../packages/runtime/src/kube/token.fixture.ts'
import { type AgentProcess, httpGet } from '../testbed/agent-process.ts'
import { addChain, type Sandbox } from '../testbed/chain.ts'
import { NodeBed, prevResult, rulesIn } from './node-bed.ts'

const daemonSetPath = '/apis/apps/v1/namespaces/istio-system/daemonsets/istio-cni-node'
const daemonSet = { kind: 'DaemonSet', metadata: {}, spec: { template: { spec: {} } } }

let bed: NodeBed
let api: FakeApiServer

beforeEach(async () => {
  bed = await NodeBed.create()
  api = await FakeApiServer.start()
  api.setObject(daemonSetPath, daemonSet)
  api.setObject('/api/v1/nodes/node-1', { kind: 'Node', metadata: { labels: {} } })
})
afterEach(async () => {
  await bed.close()
  await api.close()
})

function agentInCluster(
  settings: Readonly<Record<string, string>> = {},
  serviceAccount?: string,
): AgentProcess {
  return bed.agent(
    {
      PODS_FROM: '',
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(api.port),
      KUBERNETES_SERVICE_PROTOCOL: 'http',
      NODE_NAME: 'node-1',
      POD_NAMESPACE: 'istio-system',
      ...settings,
    },
    [],
    serviceAccount,
  )
}

/** Where the kubelet puts it, the agent alone sees this token. */
async function agentOfPod(
  podToken: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<AgentProcess> {
  const account = join(bed.directory, 'account')
  await mkdir(account)
  for (const [name, text] of Object.entries({ token: podToken, 'ca.crt': 'CA', namespace: 'istio-system' }))
    await writeFile(join(account, name), text)
  return agentInCluster(settings, account)
}

/** A pod whose namespace exists, and which the API server knows. */
async function createPod(name: string, metadata: object = {}, isTold = true): Promise<Sandbox> {
  const sandbox = await bed.createPod(name, metadata)
  const list = JSON.parse(await readFile(join(bed.podsDir, 'pods.json'), 'utf8')) as {
    items: Record<string, unknown>[]
  }
  api.putPod(list.items.at(-1) ?? {}, isTold)
  return sandbox
}

async function add(sandbox: Sandbox): Promise<void> {
  await addChain(await bed.ourChain(), [bed.binDir], sandbox, prevResult)
}

const ambient = () => ({
  AMBIENT_ENABLED: 'true',
  ZTUNNEL_UDS_ADDRESS: join(bed.directory, 'ztunnel.sock'),
})
const conflist = () => readFile(join(bed.netDir, '10-test.conflist'), 'utf8')
const metrics = async () => (await httpGet(bed.ports.monitoring, '/metrics'))?.body ?? ''

describe('an agent with an API server', () => {
  it('redirects the pods that it knows with one list and one watch, also while the API server is away', async () => {
    const early = await createPod('early')
    const later = await createPod('later')
    const agent = agentInCluster()
    await agent.ready()
    await expect.poll(() => api.watches).toBe(1)
    await add(early)
    expect(await rulesIn(early)).toContain('ISTIO_OUTPUT')
    expect(await metrics()).toContain('istio_cni_api_requests_total{verb="list",code="200"} 1')
    expect(api.asked).toHaveLength(2)

    await api.close()
    await expect.poll(metrics).toContain('istio_cni_pod_watch_connected 0')
    await add(later)
    expect(await rulesIn(later)).toContain('ISTIO_OUTPUT')
    expect((await agent.readiness())?.status).toBe(200)
    const stranger = { ...later, pod: { namespace: 'shop', name: 'stranger', uid: 'uid-stranger' } }
    await expect(add(stranger)).rejects.toThrow(/11 pod shop\/stranger could not be looked up/)
    expect(agent.log()).toMatch(/warn\tcni-agent\tcannot follow the pods of this node now/)
  })

  it('asks once for a pod that it does not know yet', async () => {
    await agentInCluster().ready()
    await expect.poll(() => api.watches).toBe(1)
    const sandbox = await createPod('sudden', {}, false)
    await add(sandbox)
    expect(await rulesIn(sandbox)).toContain('ISTIO_OUTPUT')
    expect(api.count('get')).toBe(1)
  })

  it('follows the namespaces too in ambient mode', async () => {
    agentInCluster(ambient())
    await expect.poll(() => api.namespaceWatches, { timeout: 10_000 }).toBe(1)
    expect(api.count('list')).toBe(2)
  })

  it('lets no pod start in ambient mode while nobody can tell whether its namespace is in the mesh', async () => {
    const sandbox = await createPod('early')
    await agentInCluster(ambient()).ready()
    await expect(add(sandbox)).rejects.toThrow(/11 whether pod shop\/early is in the mesh cannot be told now/)
    api.putNamespace('shop', {})
    await add(sandbox)
    expect(await rulesIn(sandbox)).toContain('ISTIO_OUTPUT')
  })

  it('tells a bad annotation as an event of the pod', async () => {
    await agentInCluster().ready()
    const annotations = { 'traffic.sidecar.istio.io/excludeOutboundPorts': 'http' }
    await expect(add(await createPod('bad', { annotations }))).rejects.toThrow(/100/)
    await expect
      .poll(() => api.events)
      .toMatchObject([
        {
          reason: 'RedirectionRefused',
          involvedObject: { kind: 'Pod', namespace: 'shop', name: 'bad', uid: 'uid-bad' },
          message: expect.stringMatching(/excludeOutboundPorts is "http"/),
        },
      ])
  })

  it('tells a fight over the network configuration as an event of its own pod', async () => {
    const own = { namespace: 'istio-system', name: 'istio-cni-node-x', uid: 'uid-own' }
    api.putPod({ metadata: own, spec: { containers: [{ name: 'install-cni' }] } })
    const agent = agentInCluster({ POD_NAME: own.name })
    await agent.ready()
    const path = join(bed.netDir, '10-test.conflist')
    for (let round = 0; round < 6; round += 1) {
      await expect.poll(conflist, { timeout: 10_000 }).toContain('istio-cni')
      const list = { cniVersion: '1.0.0', name: 'test', plugins: [{ type: 'first' }] }
      await writeFile(`${path}.new`, JSON.stringify(list))
      await rename(`${path}.new`, path)
    }
    await expect
      .poll(() => api.events, { timeout: 10_000 })
      .toMatchObject([
        {
          reason: 'ConfigFight',
          involvedObject: { kind: 'Pod', ...own },
          message: expect.stringMatching(/another program removed our plugin from 10-test\.conflist 6 times/),
        },
      ])
  })

  it('is unready until it knows the pods, and says why', async () => {
    api.token = 'another'
    const agent = agentInCluster()
    await expect.poll(async () => (await agent.readiness())?.body, { timeout: 10_000 }).toMatch(/node-1.*401/)
    api.token = undefined
    await agent.ready()
  })
})

describe('the kubeconfig of an agent whose pod has a service account', () => {
  const kubeconfig = () => readFile(join(bed.netDir, 'ZZZ-istio-cni-kubeconfig'), 'utf8')
  const requests = () => api.asked.filter(({ path }) => path.endsWith('/serviceaccounts/istio-cni/token'))

  it("has a token of the node as soon as there is one, the pod's own before, and goes with an uninstallation", async () => {
    const podToken = podTokenOf()
    api.fault = ({ path }, response) => {
      const isAway = path.endsWith('/token')
      if (isAway) response.destroy()
      return isAway
    }
    const agent = await agentOfPod(podToken)
    await agent.ready()
    await expect.poll(() => requests().length, { timeout: 10_000 }).toBeGreaterThan(0)
    expect(await kubeconfig()).toContain(`token: ${podToken}\n`)
    api.fault = () => false
    await expect.poll(kubeconfig, { timeout: 10_000 }).toContain('token: issued-1\n')
    expect(requests()[0]).toMatchObject({ token: podToken, body: { spec: { expirationSeconds: 86_400 } } })
    expect(await metrics()).toContain('istio_cni_api_requests_total{verb="create",code="201"} 1')
    expect(agent.log().match(/cannot get a token for the node now/g)).toHaveLength(1)
    expect(agent.log()).not.toMatch(/issued-1|eyJ/)

    api.setObject(daemonSetPath, undefined)
    expect(await agent.stop()).toBe(0)
    expect(existsSync(join(bed.netDir, 'ZZZ-istio-cni-kubeconfig'))).toBe(false)
  })

  it.each([{ HOST_CREDENTIALS: 'false' }, { HOST_TOKEN_SECONDS: '0' }])(
    'asks for no token with %j',
    async (settings) => {
      const agent = await agentOfPod(podTokenOf(), settings)
      await agent.ready()
      await expect.poll(() => api.watches).toBe(1)
      expect(await agent.stop()).toBe(0)
      expect(requests()).toEqual([])
    },
  )
})

describe('an agent that stops in a cluster', () => {
  it('leaves the node configured while its DaemonSet is there', async () => {
    const agent = agentInCluster()
    await agent.ready()
    expect(await agent.stop()).toBe(0)
    expect(await conflist()).toContain('istio-cni')
    expect(agent.log()).toMatch(/uninstall=false/)
  })

  it('leaves the node configured when nobody can tell', async () => {
    const agent = agentInCluster()
    await agent.ready()
    await api.close()
    expect(await agent.stop()).toBe(0)
    expect(await conflist()).toContain('istio-cni')
  })

  it('uninstalls when its DaemonSet is gone', async () => {
    const agent = agentInCluster()
    await agent.ready()
    api.setObject(daemonSetPath, undefined)
    expect(await agent.stop()).toBe(0)
    expect(await conflist()).not.toContain('istio-cni')
    expect(existsSync(join(bed.binDir, 'istio-cni'))).toBe(false)
  })
})
