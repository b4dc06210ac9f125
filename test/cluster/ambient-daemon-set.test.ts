import { HOST_PROBE_ADDRESS } from '@istio-install-cni/config-schema'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LongConnection } from '../testbed/long-connection-process.ts'
import { AmbientBed, describeWithStandIn } from './ambient-bed.ts'
import type { MeshPod } from './ambient-pods.ts'
import { until } from './condition.ts'
import { DaemonSet } from './daemon-set.ts'

const ambient = { enabled: true }

let bed: AmbientBed
let agent: DaemonSet
let earlier: MeshPod
let later: MeshPod
let connection: LongConnection
const connections = new AsyncDisposableStack()
const echoPort = 7001

beforeAll(async () => {
  bed = await AmbientBed.createBare()
  await bed.pods.createNamespace('mesh', true)
  await bed.pods.create('mesh', 'earlier')
  earlier = await bed.pods.readyPod('mesh', 'earlier')
  connections.use(await LongConnection.echo(await bed.inside(earlier), echoPort))
  connection = connections.use(await LongConnection.open(bed.onNode, earlier.address, echoPort))
  expect(await connection.say('before')).toBe('before')
  agent = new DaemonSet(bed.cluster)
  await agent.deploy({ ambient })
  await agent.ready()
  await bed.startZtunnel()
})

afterAll(async () => {
  await connections.disposeAsync()
  await bed?.close()
})

describeWithStandIn('an ambient agent with the rights of its pod', () => {
  it('brings a pod into the mesh that ran before it, and its open connections go on', async () => {
    await bed.enrolled(earlier)
    expect(await connection.say('in the mesh')).toBe('in the mesh')
  })

  it('lets new pods start in the mesh', async () => {
    await bed.pods.create('mesh', 'new')
    const pod = await bed.pods.readyPod('mesh', 'new')
    await bed.enrolled(pod)
    await bed.firstConnection(pod)
    expect(await bed.unredirected(pod)).toBe(0)
    await bed.tunnel(earlier, pod)
  })

  it('is rolled out while pods come, and no pod is let go or left out', async () => {
    const before = bed.events.length
    await agent.restart()
    await bed.pods.createMany('mesh', 'meanwhile', 6)
    await agent.ready()
    const pods = await bed.pods.ready('mesh', 'meanwhile', 6)
    await bed.enrolled(earlier, ...pods)
    await Promise.all(pods.map((pod) => bed.firstConnection(pod)))
    expect(await Promise.all(pods.map((pod) => bed.unredirected(pod)))).toEqual(pods.map(() => 0))
    expect(bed.deletions(before)).toEqual([])
  })

  it('serves the node from a network namespace of its own', async () => {
    const before = bed.events.length
    await agent.change({ ambient, hostNetwork: false })
    await bed.pods.create('mesh', 'later')
    later = await bed.pods.readyPod('mesh', 'later')
    await bed.enrolled(earlier, later)
    await bed.firstConnection(later)
    expect(await bed.unredirected(later)).toBe(0)
    await bed.tunnel(earlier, later)
    expect(bed.deletions(before)).toEqual([])
  })
})

describeWithStandIn('an uninstallation', () => {
  it("takes everything from the node's network; pods stay in the mesh, and new ones start outside of it", async () => {
    const before = bed.events.length
    const pods = await bed.pods.now(earlier, later)
    await agent.delete()
    expect(await agent.installed()).toMatchObject({ configuration: false, kubeconfig: false })
    expect(await bed.cluster.exec('iptables-save')).not.toContain('ISTIO')
    expect(await bed.cluster.exec('ip6tables-save')).not.toContain('ISTIO')
    expect([...(await bed.probed())]).toEqual([])
    expect(await bed.missing(...pods)).toEqual([`probes of ${earlier.name}`, `probes of ${later.name}`])
    await bed.tunnel(earlier, later)

    await until('the kubelet probes through ztunnel', async () =>
      (await bed.pods.probers(later)).some((address) => address !== HOST_PROBE_ADDRESS.ipv4),
    )
    await bed.pods.create('mesh', 'after')
    const after = await bed.pods.readyPod('mesh', 'after')
    expect(await bed.left(after)).toEqual([])
    expect(await bed.pods.ask(after, later.address)).toBe('app:8080')
    expect(await bed.pods.now(...pods)).toEqual(pods)
    expect(bed.deletions(before)).toEqual([])
  })
})
