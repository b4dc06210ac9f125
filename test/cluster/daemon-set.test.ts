import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agentLabels } from './agent-daemon-set.ts'
import { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { DaemonSet } from './daemon-set.ts'
import { nodeIdentity } from './layout.ts'
import { deployment, pod, type RunningPod, Workloads } from './workloads.ts'

let cluster: Cluster
let agent: DaemonSet
let workloads: Workloads

beforeAll(async () => {
  cluster = await Cluster.prepare()
  await cluster.down()
  await cluster.up()
  agent = new DaemonSet(cluster)
  workloads = new Workloads(cluster)
  await workloads.watchOutside()
  await agent.deploy()
  await agent.ready()
})

afterAll(() => cluster?.down())

async function running(name: string): Promise<RunningPod> {
  const [found] = await workloads.running(name, 1)
  return found ?? { name: '', address: '' }
}

const deletePods = (...names: string[]) =>
  cluster.kubectl('delete', 'pod', ...names, '--wait=true', '--ignore-not-found', '--timeout=60s')

const untilTold = (name: string, words: string) =>
  until(`the kubelet tells of ${name}: ${words}`, async () => (await workloads.events(name)).includes(words))

/** The agent's pods as an operator looks for them. */
const listed = () => {
  const labels = Object.entries(agentLabels).map(([name, value]) => `${name}=${value}`)
  return agent.kubectl('get', 'pods', '-l', labels.join(','), '--no-headers')
}
const atFirstAttempt = /^istio-cni-node-\S+\s+1\/1\s+Running\s+0\s+\S+\n$/

const everything = { configuration: true, kubeconfig: true, plugin: true }
const nothing = { configuration: false, kubeconfig: false, plugin: false }

/** A kubelet that starts takes its time, the more the more pods it finds. */
const rebootMs = 180_000

describe("the agent's DaemonSet", () => {
  it('is found Running and ready under its label, and its log says so', async () => {
    expect(await listed()).toMatch(atFirstAttempt)
    const log = await agent.logs(20)
    expect(log).toMatch(/\tinfo\tcni-agent\tinstalled and watching\n/)
    for (const line of log.trimEnd().split('\n'))
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\tinfo\tcni-agent\t\w/)
  })

  it('redirects pods with a sidecar, which need no privileged init container', async () => {
    await cluster.apply(pod('web', true))
    const web = await running('web')
    expect(await workloads.inbound(web)).toBe('istio-proxy:15006')
    expect(await workloads.outbound(web)).toBe('istio-proxy:15001')
    expect(await cluster.kubectl('describe', 'pod', 'web')).not.toMatch(
      /Init Containers|Privileged|NET_ADMIN/i,
    )
    expect(await workloads.unredirected()).toBe(0)
    expect(await agent.logs(20)).toMatch(/\tinfo\tcni-agent\t.*pod=web/)
  })

  it('is rolled out again and again under churn without a pod that is stuck or not redirected', async () => {
    const version = await agent.networkVersion()
    await cluster.apply(deployment('churn', 6))
    for (const round of ['1', '2', '3']) {
      const template = { metadata: { annotations: { round } } }
      await cluster.kubectl('patch', 'deployment', 'churn', '-p', JSON.stringify({ spec: { template } }))
      await agent.restart()
      await agent.ready()
    }
    await cluster.kubectl('rollout', 'status', 'deployment/churn', '--timeout=120s')
    const pods = [...(await workloads.running('churn', 6)), await running('web')]
    const answers = await Promise.all(pods.map((each) => workloads.inbound(each)))
    expect(answers).toEqual(pods.map(() => 'istio-proxy:15006'))
    expect(await workloads.unredirected()).toBe(0)
    expect(await agent.networkVersion()).toBe(version)
    await cluster.kubectl('delete', 'deployment', 'churn')
    await workloads.gone('churn')
  })

  it('keeps the node configured when the node is drained, and when its pod is deleted by force', async () => {
    const version = await agent.networkVersion()
    const drain = ['--ignore-daemonsets', '--pod-selector=app!=web', '--timeout=60s']
    await cluster.kubectl('drain', nodeIdentity.name, ...drain)
    await agent.kubectl('delete', 'pod', '--all', '--wait=true')
    await agent.ready()
    await cluster.kubectl('uncordon', nodeIdentity.name)
    await agent.deletePodByForce()
    expect(await listed()).toMatch(atFirstAttempt)
    expect(await agent.networkVersion()).toBe(version)
    expect(await agent.installed()).toEqual(everything)
  })
})

describe('a node that was rebooted', () => {
  it('starts its agent and the pods of the mesh without any help, redirected', async () => {
    const version = await agent.networkVersion()
    const before = await workloads.unredirected()
    const web = await running('web')
    await cluster.reboot()
    await workloads.watchOutside()
    await until('web runs anew', async () => (await running('web')).address !== web.address, rebootMs)
    await agent.ready()
    expect(await workloads.inbound(await running('web'))).toBe('istio-proxy:15006')
    expect(await workloads.unredirected()).toBe(before)
    expect(await agent.networkVersion()).toBe(version)
  })
})

describe('a node whose agent fails at every start', () => {
  it('is not taken for uninstalled when the failing agent was a new version', async () => {
    const [before] = await agent.podNames()
    await agent.breakProgram()
    await agent.restart()
    await until('the old pod is gone', async () => {
      const names = await agent.podNames()
      return names.length === 1 && names[0] !== before
    })
    expect(await agent.installed()).toEqual(everything)
    await agent.mendProgram()
  })

  it('starts pods outside of the mesh, while those of the mesh are told why they wait', async () => {
    const before = await workloads.unredirected()
    await agent.breakProgram()
    await agent.kill()
    await cluster.apply(pod('plain', false), pod('patient', true))
    expect(await workloads.inbound(await running('plain'))).toBe('app:8080')
    await untilTold('patient', 'pod default/patient is in the mesh: it waits')
    await agent.mendProgram()
    expect(await workloads.inbound(await running('patient'))).toBe('istio-proxy:15006')
    await until('the one without a sidecar is noticed', async () => (await workloads.unredirected()) > before)
    expect(await workloads.unredirected()).toBe(before + 1)
    await deletePods('plain', 'patient')
  })
})

describe('an uninstallation', () => {
  it('keeps the plugin for the pods that were set up with it, and new pods start', async () => {
    await agent.delete()
    expect(await agent.installed()).toEqual({ ...nothing, plugin: true })
    expect(JSON.parse(await agent.networkConfiguration()).plugins).toHaveLength(2)
    await cluster.apply(pod('after', true))
    expect(await workloads.inbound(await running('after'))).toBe('app:8080')
    await deletePods('web', 'after')
  })

  it.each([
    ['whose DaemonSet no longer selects the node', () => agent.excludeNode()],
    ['whose rights and account went first', () => agent.deleteEverything()],
  ])('leaves nothing of an agent %s', async (_, uninstall) => {
    await agent.deploy()
    await agent.ready()
    expect(await agent.installed()).toEqual(everything)
    await uninstall()
    await agent.gone()
    expect(await agent.installed()).toEqual(nothing)
  })
})
