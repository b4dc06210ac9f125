import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LongConnection } from '../testbed/long-connection-process.ts'
import { AmbientBed, addressOf } from './ambient-bed.ts'
import type { ScratchNetwork } from './scratch-network.ts'
import type { BackendName } from './traffic-bed.ts'

let bed: AmbientBed
const echoes = new AsyncDisposableStack()
beforeAll(async () => {
  bed = await AmbientBed.create()
  for (const pod of [bed.pods.one, bed.pods.plain]) echoes.use(await LongConnection.echo(inside(pod), 7000))
})
afterAll(async () => {
  await echoes.disposeAsync()
  await bed[Symbol.asyncDispose]()
})

const inside = ({ name }: ScratchNetwork): readonly string[] => ['ip', 'netns', 'exec', name]
const one = addressOf('one')
const plain = addressOf('plain')
const backends: readonly BackendName[] = ['nft', 'iptables-nft', 'iptables-legacy']

describe.each(backends)('connections of a pod that is running (%s)', (backend) => {
  it('go on when it joins the mesh, and when it leaves it', async () => {
    await using outbound = await LongConnection.open(inside(bed.pods.one), plain.ipv4, 7000)
    await using outbound6 = await LongConnection.open(inside(bed.pods.one), plain.ipv6, 7000)
    await using inbound = await LongConnection.open(inside(bed.pods.plain), one.ipv4, 7000)
    const connections = { outbound, outbound6, inbound }
    const expectAlive = async (when: string) => {
      for (const [name, connection] of Object.entries(connections))
        expect(await connection.say(`${name} ${when}`)).toBe(`${name} ${when}`)
    }
    await expectAlive('before')
    await bed.join('one', backend)
    await expectAlive('in the mesh')
    expect(await bed.apps.one.connect({ host: plain.ipv4, port: 8080 })).toMatch(/^plain:8080/)
    await bed.leave('one')
    await expectAlive('afterwards')
  })

  it('end with ztunnel when it leaves the mesh and they were opened in it', async () => {
    await bed.join('one', backend)
    await using outbound = await LongConnection.open(inside(bed.pods.one), plain.ipv4, 7000)
    await using inbound = await LongConnection.open(inside(bed.pods.plain), one.ipv4, 7000)
    for (const connection of [outbound, inbound]) expect(await connection.say('hello')).toBe('hello')
    await bed.leave('one')
    for (const connection of [outbound, inbound]) expect(await connection.say('again')).toMatch(/^ended/)
  })
})
