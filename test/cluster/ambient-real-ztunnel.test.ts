import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waysIn } from '../ztunnel/events.ts'
import { AmbientBed } from './ambient-bed.ts'
import type { MeshPod } from './ambient-pods.ts'
import { until } from './condition.ts'

// With the ztunnel that ZTUNNEL_BIN names. Without a control plane it knows the pods that are there when it starts.
describe.skipIf(process.env.ZTUNNEL_BIN === undefined)('pods of a node with a real ztunnel', () => {
  let bed: AmbientBed
  let client: MeshPod
  let server: MeshPod

  beforeAll(async () => {
    bed = await AmbientBed.create()
    await bed.pods.createNamespace('mesh', true)
    await Promise.all([bed.pods.create('mesh', 'client'), bed.pods.create('mesh', 'server')])
    client = await bed.pods.readyPod('mesh', 'client')
    server = await bed.pods.readyPod('mesh', 'server')
  })
  afterAll(() => bed?.close())

  const enrolled = async () => (await bed.agent.metrics()).get('istio_cni_ambient_pods{state="enrolled"}')

  it('start once it has taken them, with rules and probes in place', async () => {
    expect(await enrolled()).toBe(2)
    // It does not say whom it serves.
    expect(await bed.missing(client, server)).toEqual(
      [client, server].map(({ name }) => `ztunnel in ${name}`),
    )
  })

  it('reach each other through its tunnel', async () => {
    await bed.stopZtunnel()
    await bed.startZtunnel()
    await bed.tunnel(client, server)
    await bed.tunnel(server, client)
  })

  it('are handed over to the next one', async () => {
    const expectTraffic = async () => {
      for (let round = 0; round < 5; round++)
        expect(await bed.pods.ask(client, server.address)).toBe('app:8080')
    }
    const { former, next } = await bed.startNextZtunnel()
    await expectTraffic()
    await Promise.all([former.drain(), expectTraffic()])
    await bed.agent.hasZtunnels(1)
    const before = next.events.length
    await bed.tunnel(client, server)
    expect(waysIn(next.events.slice(before))).toHaveLength(2)
  })

  it('go on with it after an agent was killed', async () => {
    await bed.agent.restart('KILL')
    await bed.agent.hasZtunnels(1)
    await bed.tunnel(client, server)
  })

  it('leave it when their namespace is unlabelled', async () => {
    await bed.setMesh('mesh', false)
    await until('nobody is enrolled', async () => (await enrolled()) === 0)
    const earlier = bed.events.length
    expect(await bed.pods.ask(client, server.address)).toBe('app:8080')
    expect(bed.events.slice(earlier)).toEqual([])
  })
})
