import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agentAccount } from './agent-account.ts'
import { pluginLogFile } from './agent-daemon-set.ts'
import { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { DaemonSet } from './daemon-set.ts'
import { nodeIdentity, nodePaths } from './layout.ts'
import { nodeFile } from './node-namespace.ts'
import { pod, type RunningPod, Workloads } from './workloads.ts'

const plugin = `${nodePaths.binDir}/istio-cni`
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'
const kubeconfig = `${nodePaths.netDir}/ZZZ-istio-cni-kubeconfig`

let cluster: Cluster
let agent: DaemonSet
let workloads: Workloads
/** Of the agent's pod: it ends with the pod. */
let podToken = ''

beforeAll(async () => {
  cluster = await Cluster.prepare()
  await cluster.down()
  await cluster.up()
  agent = new DaemonSet(cluster)
  workloads = new Workloads(cluster)
  await workloads.watchOutside()
  await agent.deploy()
  await agent.ready()
  podToken = await agent.kubectl('exec', 'daemonset/istio-cni-node', '--', 'cat', `${serviceAccount}/token`)
  await cluster.apply(pod('web', true))
  expect(await workloads.inbound(await running('web'))).toBe('istio-proxy:15006')
})

afterAll(() => cluster?.down())

async function running(name: string): Promise<RunningPod> {
  const [found] = await workloads.running(name, 1)
  return found ?? { name: '', address: '' }
}

const deletePods = (...names: string[]) =>
  cluster.kubectl('delete', 'pod', ...names, '--wait=true', '--timeout=60s')

const untilRefused = (what: string, ...token: string[]) =>
  until(`the API server refuses ${what}`, () =>
    cluster.kubectl('--kubeconfig', kubeconfig, ...token, 'auth', 'whoami').then(
      () => false,
      (error) => /provide credentials|Unauthorized/.test(String(error)),
    ),
  )

/** The plugin's warnings about a pod, as it logged them on the node. */
async function warningsOf(name: string): Promise<object[]> {
  const lines = (await readFile(nodeFile(pluginLogFile), 'utf8')).split('\n')
  return lines
    .filter((line) => line.includes('"warn"') && line.includes(`"${name}"`))
    .map((line) => JSON.parse(line))
}

async function expectOrphaned(name: string): Promise<void> {
  expect(await workloads.inbound(await running(name))).toBe('app:8080')
  expect((await warningsOf(name))[0]).toMatchObject({
    msg: 'let a pod of the mesh start without redirection',
    because: expect.stringContaining('DaemonSet istio-system/istio-cni-node is gone'),
    todo: expect.stringContaining('istio-cni uninstall'),
  })
}

describe('a plugin whose agent died and whose DaemonSet was deleted', () => {
  beforeAll(async () => {
    await agent.breakProgram()
    await agent.kill()
    await agent.kubectl('delete', 'daemonset', 'istio-cni-node', '--cascade=orphan')
  })

  it('lets pods of the mesh start, warns, and lets them be deleted', async () => {
    await cluster.apply(pod('orphan', true))
    await expectOrphaned('orphan')
    await deletePods('orphan')
  })

  it("does so too when the agent's pod, and its token, are long gone", async () => {
    await agent.kubectl('delete', 'pod', '--all', '--wait=true')
    await untilRefused("the pod's token", '--token', podToken)
    const whose = await cluster.kubectl('--kubeconfig', kubeconfig, 'auth', 'whoami')
    expect(whose).toContain(`system:serviceaccount:istio-system:${agentAccount}`)
    expect(whose).toMatch(new RegExp(`node-name +\\[?${nodeIdentity.name}`))
    expect(whose).not.toContain('pod-name')
    await cluster.apply(pod('later', true))
    await expectOrphaned('later')
    await deletePods('later')
  })

  it('makes pods wait once its token is refused, tells the operator what to do, and lets pods be deleted', async () => {
    // The node's token ends with the account.
    await agent.kubectl('delete', 'serviceaccount', agentAccount)
    await untilRefused("the node's token")
    await cluster.apply(pod('late', true))
    const event = await until('the kubelet tells why the pod waits', async () => {
      const events = await workloads.events('late')
      return events.includes('FailedCreatePodSandBox') && events
    })
    expect(event).toContain('401 (Unauthorized)')
    expect(event).toContain(`the token in ${kubeconfig} is expired or revoked`)
    expect(event).toContain('run "istio-cni uninstall" on the node')
    await deletePods('web')
  })

  it('is taken out of the node by hand, and the pods that waited start', async () => {
    const before = await agent.networkVersion()
    const tried = await cluster.exec(plugin, 'uninstall', '--dry-run')
    expect(tried).toContain('10-test.conflist: our plugin would be taken out of the list')
    expect(tried).toContain(`${kubeconfig}: would be deleted`)
    expect(await agent.networkVersion()).toBe(before)

    const done = await cluster.exec(plugin, 'uninstall')
    expect(done).toContain('10-test.conflist: took our plugin out of the list')
    expect(done).toContain(`${kubeconfig}: deleted`)
    expect(done).toContain(`rm ${plugin}`)
    expect(await agent.installed()).toEqual({ configuration: false, kubeconfig: false, plugin: true })
    expect(await workloads.inbound(await running('late'))).toBe('app:8080')
    await deletePods('late')
  })
})
