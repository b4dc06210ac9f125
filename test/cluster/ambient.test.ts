import { HOST_PROBE_ADDRESS } from '@istio-install-cni/config-schema'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LongConnection } from '../testbed/long-connection-process.ts'
import { waysIn, type ZtunnelEvent } from '../ztunnel/events.ts'
import { AmbientBed, describeWithStandIn } from './ambient-bed.ts'
import type { MeshPod } from './ambient-pods.ts'
import { until } from './condition.ts'
import { nodeIdentity } from './layout.ts'

let bed: AmbientBed
let client: MeshPod
let server: MeshPod

beforeAll(async () => {
  bed = await AmbientBed.create()
  await bed.pods.createNamespace('mesh', true)
  await bed.pods.createNamespace('later', false)
  await Promise.all([bed.pods.create('mesh', 'client'), bed.pods.create('mesh', 'server')])
  client = await bed.pods.readyPod('mesh', 'client')
  server = await bed.pods.readyPod('mesh', 'server')
})

afterAll(() => bed?.close())

/** Another pod that the kubelet may not start yet. */
async function expectWaiting(name: string, why: RegExp): Promise<void> {
  await bed.pods.create('mesh', name)
  await until(`the kubelet is told why ${name} waits: ${why}`, async () =>
    why.test(await bed.pods.refusals('mesh', name)),
  )
}

const uids = (...pods: MeshPod[]) => pods.map(({ uid }) => uid).sort()

const echoPort = 7001

const uidsOf = (kind: 'add' | 'del', events: readonly ZtunnelEvent[]) =>
  events.flatMap((each) => (each.event === kind ? [each.uid] : []))

describeWithStandIn('pods of a labelled namespace', () => {
  it('start with everything in place, and their first connection goes by way of ztunnel', async () => {
    await bed.enrolled(client, server)
    for (const pod of [client, server]) {
      await bed.firstConnection(pod)
      expect(await bed.unredirected(pod)).toBe(0)
    }
  })

  it('reach each other through 15001 and 15008', () => bed.tunnel(client, server))

  it('are found ready by probes that come from an address of their own', async () => {
    expect(new Set(await bed.pods.probers(client))).toEqual(new Set([HOST_PROBE_ADDRESS.ipv4]))
    expect(waysIn(bed.events).filter((way) => way.includes(HOST_PROBE_ADDRESS.ipv4))).toEqual([])
  })

  it('leave those alone that are not labelled', async () => {
    await bed.pods.create('later', 'plain')
    await bed.pods.create('mesh', 'out', { 'istio.io/dataplane-mode': 'none' })
    const others = [await bed.pods.readyPod('later', 'plain'), await bed.pods.readyPod('mesh', 'out')]
    expect(await bed.left(...others)).toEqual([])
    const earlier = bed.events.length
    for (const other of others) expect(await bed.pods.ask(other, server.address)).toBe('app:8080')
    await bed.gone(
      earlier,
      ...others.map(
        ({ address }) => `15006 application in ${server.uid}: ${address} → ${server.address}:8080`,
      ),
    )
    await bed.pods.delete('mesh', 'out')
  })
})

describeWithStandIn('a namespace with running pods', () => {
  it('joins the mesh when it is labelled, and leaves it when it is not; no pod stops and no connection ends', async () => {
    const plain = await bed.pods.readyPod('later', 'plain')
    await using _onPod = await LongConnection.echo(await bed.inside(plain), echoPort)
    await using _onNode = await LongConnection.echo(bed.onNode, echoPort)
    await using inbound = await LongConnection.open(bed.onNode, plain.address, echoPort)
    await using outbound = await LongConnection.open(await bed.inside(plain), nodeIdentity.address, echoPort)
    const expectAlive = async (when: string) => {
      for (const connection of [inbound, outbound]) expect(await connection.say(when)).toBe(when)
    }
    await expectAlive('before')
    await bed.setMesh('later', true)
    await bed.enrolled(plain)
    await expectAlive('in the mesh')
    await bed.tunnel(plain, server)
    await bed.tunnel(server, plain)

    await bed.setMesh('later', false)
    await until('it has left', async () => {
      const left = await bed.left(...(await bed.pods.now(plain)))
      if (left.length > 0) throw new Error(`left: ${left.join(', ')}`)
      return true
    })
    const earlier = bed.events.length
    expect(await bed.pods.ask(plain, server.address)).toBe('app:8080')
    expect(await bed.pods.ask(server, plain.address)).toBe('app:8080')
    await bed.gone(
      earlier,
      `15006 application in ${server.uid}: ${plain.address} → ${server.address}:8080`,
      `15001 direct in ${server.uid}: ${server.address} → ${plain.address}:8080`,
    )
    expect(waysIn(bed.events.slice(earlier)).filter((way) => way.includes(` in ${plain.uid}`))).toEqual([])
    expect((await bed.pods.readyPod('later', 'plain')).uid).toBe(plain.uid)
    await expectAlive('afterwards')
  })
})

describeWithStandIn('an agent that is', () => {
  it('killed leaves its pods as they are; a pod that comes meanwhile waits, and starts enrolled', async () => {
    const earlier = bed.events.length
    await bed.agent.stop('KILL')
    await bed.tunnel(client, server)
    await expectWaiting('patient', /pod mesh\/patient is in the mesh: it waits/)
    await bed.agent.start()
    expect([...(await bed.toldAnew(earlier))].sort()).toEqual(uids(client, server))
    await bed.agent.ready()
    const patient = await bed.pods.readyPod('mesh', 'patient')
    await bed.enrolled(client, server, patient)
    await bed.firstConnection(patient)
    expect(await bed.unredirected(patient)).toBe(0)
    await bed.tunnel(patient, server)
    expect(bed.deletions(earlier)).toEqual([])
    await bed.pods.delete('mesh', 'patient')
  })

  it('replaced by a new version tells ztunnel of all pods anew, and of no end', async () => {
    const earlier = bed.events.length
    await bed.agent.stop()
    await bed.tunnel(client, server)
    await bed.agent.start()
    expect([...(await bed.toldAnew(earlier))].sort()).toEqual(uids(client, server))
    await bed.agent.ready()
    await bed.enrolled(client, server)
    await bed.tunnel(client, server)
    expect(bed.deletions(earlier)).toEqual([])
  })
})

describeWithStandIn('a ztunnel that is started again', () => {
  it('is told of all pods, and of one whose start waited for it', async () => {
    await bed.stopZtunnel()
    const before = (await bed.rules()).size
    await bed.pods.create('mesh', 'gap')
    await until('the new pod has its rules', async () => {
      const rules = await bed.rules()
      return rules.size > before && [...rules.values()].filter((each) => each.includes('15008')).length === 3
    })
    await bed.startZtunnel()
    const gap = await bed.pods.readyPod('mesh', 'gap')
    expect(await bed.pods.refusals('mesh', 'gap')).not.toContain('FailedCreatePodSandBox')
    await bed.enrolled(client, server, gap)
    await bed.firstConnection(gap)
    expect(await bed.unredirected(gap)).toBe(0)
    await bed.tunnel(client, server)
    await bed.tunnel(gap, client)
    expect(bed.deletions(bed.events.indexOf(bed.eventsSinceConnected[0] ?? { event: 'connected' }))).toEqual(
      [],
    )
  })
})

describeWithStandIn('a ztunnel that is replaced by the next', () => {
  it('hands over: no connection fails, new pods are of the next, and that a pod has gone is told to both', async () => {
    await using _onServer = await LongConnection.echo(await bed.inside(server), echoPort)
    const connection = await LongConnection.open(await bed.inside(client), server.address, echoPort)
    expect(await connection.say('before')).toBe('before')
    const expectTraffic = async () => {
      for (const [from, to] of [
        [client, server],
        [server, client],
        [client, server],
      ] as const)
        expect(await bed.pods.ask(from, to.address)).toBe('app:8080')
    }

    const { former, next } = await bed.startNextZtunnel()
    expect(uidsOf('add', next.events)).toEqual(expect.arrayContaining(uids(client, server)))
    await bed.pods.create('mesh', 'handed')
    const handed = await bed.pods.readyPod('mesh', 'handed')
    expect(uidsOf('add', next.events)).toContain(handed.uid)
    expect(uidsOf('add', former.events)).not.toContain(handed.uid)
    await expectTraffic()
    await bed.pods.delete('mesh', 'handed')
    await until('both are told that it has gone', async () =>
      [former, next].every(({ events }) => uidsOf('del', events).includes(handed.uid)),
    )

    const ended = former.drain()
    await expectTraffic()
    expect(await connection.say('meanwhile')).toBe('meanwhile')
    await connection[Symbol.asyncDispose]()
    await ended
    await expectTraffic()
    await bed.tunnel(client, server)
    await bed.enrolled(client, server)
    expect(uidsOf('del', next.events)).toEqual([handed.uid])
  })
})

describeWithStandIn('an agent with the other back-end', () => {
  it('leaves running pods their rules, and new pods and the node have those of nftables', async () => {
    await bed.replaceAgent({ NATIVE_NFTABLES: 'true' })
    await bed.pods.create('mesh', 'native')
    const native = await bed.pods.readyPod('mesh', 'native')
    await bed.firstConnection(native)
    expect(await bed.unredirected(native)).toBe(0)
    const [nft, iptables] = [await bed.rules('nft list ruleset'), await bed.rules()]
    expect(nft.get(native.address)).toMatch(/table inet istio-ambient-nat \{[\s\S]*15001/)
    expect(nft.get(client.address)).not.toContain('istio-ambient')
    expect(iptables.get(client.address)).toMatch(/ISTIO_OUTPUT.*15001/)
    expect(new Set(await bed.pods.probers(native))).toEqual(new Set([HOST_PROBE_ADDRESS.ipv4]))
    const onNode = await bed.cluster.exec('nft', 'list', 'table', 'inet', 'istio-ambient-nat')
    for (const { address } of [client, server, native]) expect(onNode).toContain(address)
    await bed.tunnel(native, client)
    await bed.tunnel(server, native)
  })
})
