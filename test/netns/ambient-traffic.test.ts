import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { waysIn } from '../ztunnel/events.ts'
import { Ztunnel } from '../ztunnel/stand-in.ts'
import { AmbientBed, addressOf, dnsAnswer, probe, world } from './ambient-bed.ts'
import type { BackendName } from './traffic-bed.ts'

let bed: AmbientBed
beforeAll(async () => {
  bed = await AmbientBed.create()
})
afterAll(() => bed[Symbol.asyncDispose]())

/** The ways that ztunnel saw, and nothing else since the last time. A real one tells in its own time and order. */
async function expectWays(...ways: string[]): Promise<void> {
  if (Ztunnel.tells) return expect(waysIn(await bed.ztunnel.taken())).toEqual(ways)
  await vi.waitFor(() => expect([...waysIn(bed.ztunnel.events)].sort()).toEqual([...ways].sort()))
  bed.ztunnel.events.length = 0
}

const one = addressOf('one')
const two = addressOf('two')
const plain = addressOf('plain')
const mapped = (family: 'ipv4' | 'ipv6', address: string): string =>
  family === 'ipv4' ? `::ffff:${address}` : address
const port = (family: 'ipv4' | 'ipv6', address: string, number = 8080): string =>
  family === 'ipv4' ? `${address}:${number}` : `[${address}]:${number}`
const host = (family: 'ipv4' | 'ipv6', address: string): string =>
  family === 'ipv4' ? address : `[${address}]`

const backends: readonly BackendName[] = ['nft', 'iptables-nft', 'iptables-legacy']

describe.each(backends)('pods of the ambient mesh (%s)', (backend) => {
  beforeAll(async () => {
    await bed.join('one', backend)
    await bed.join('two', backend)
    if (Ztunnel.tells) await bed.ztunnel.taken()
  })
  afterAll(async () => {
    await bed.leave('one')
    await bed.leave('two')
  })

  describe.each(['ipv4', 'ipv6'] as const)('over %s', (family) => {
    it('reach one another through the tunnel, and the application sees who connects', async () => {
      const answer = await bed.apps.one.connect({ host: two[family], port: 8080 })
      expect(answer).toBe(`two:8080 from ${mapped(family, one[family])}`)
      await expectWays(
        `15008 application in two: ${host(family, one[family])} → ${port(family, two[family])}`,
        `15001 tunnel in one: ${host(family, one[family])} → ${port(family, two[family])}`,
      )
    })

    it('are reached from outside the mesh through ztunnel', async () => {
      const answer = await bed.apps.plain.connect({ host: one[family], port: 9090 })
      expect(answer).toBe(`one:9090 from ${mapped(family, plain[family])}`)
      await expectWays(
        `15006 application in one: ${host(family, plain[family])} → ${port(family, one[family], 9090)}`,
      )
    })

    it('reach what is outside the mesh through ztunnel', async () => {
      const answer = await bed.apps.one.connect({ host: plain[family], port: 8080 })
      expect(answer).toBe(`plain:8080 from ${mapped(family, one[family])}`)
      await expectWays(`15001 direct in one: ${host(family, one[family])} → ${port(family, plain[family])}`)
    })

    it('get the probes of the node without ztunnel', async () => {
      const answer = await bed.connectFrom(probe[family], one[family], 8080)
      expect(answer).toBe(`one:8080 from ${mapped(family, probe[family])}`)
      await expectWays()
    })

    it('reach themselves without ztunnel', async () => {
      const loopback = { ipv4: '127.0.0.1', ipv6: '::1' }[family]
      expect(await bed.apps.one.connect({ host: loopback, port: 8080 })).toMatch(/^one:8080/)
      expect(await bed.apps.one.connect({ host: one[family], port: 8080 })).toMatch(/^one:8080/)
      await expectWays()
    })

    it('leave a pod outside the mesh alone', async () => {
      const answer = await bed.apps.plain.connect({ host: world[family], port: 8080 })
      expect(answer).toBe(`node:8080 from ${mapped(family, plain[family])}`)
      const back = await bed.connectFrom(world[family], plain[family], 8080)
      expect(back).toBe(`plain:8080 from ${mapped(family, world[family])}`)
      await expectWays()
    })
  })

  it.runIf(Ztunnel.tells)('have their DNS questions answered by ztunnel', async () => {
    const answer = await bed.apps.one.resolve({ server: world.ipv4, name: 'shop.example' })
    expect(answer).toBe(dnsAnswer)
    expect(await bed.ztunnel.taken()).toContainEqual({
      event: 'dns',
      uid: 'one',
      protocol: 'udp',
      name: 'shop.example',
    })
  })
})

describe.each(backends)('a pod (%s)', (backend) => {
  it('without DNS capture asks whom it wants', async () => {
    await bed.join('one', backend, { dnsCapture: false })
    await bed.apps.node.answerDns({ host: world.ipv4, port: 53, address: '9.9.9.9' }).catch(() => {})
    expect(await bed.apps.one.resolve({ server: world.ipv4, name: 'shop.example' })).toBe('9.9.9.9')
  })

  it('that bypasses inbound capture is reached without ztunnel, and still reaches others through it', async () => {
    await bed.join('one', backend, { bypassInbound: true })
    if (Ztunnel.tells) await bed.ztunnel.taken()
    expect(await bed.apps.plain.connect({ host: one.ipv4, port: 8080 })).toBe(
      `one:8080 from ::ffff:${plain.ipv4}`,
    )
    await expectWays()
    await bed.apps.one.connect({ host: plain.ipv4, port: 8080 })
    await expectWays(`15001 direct in one: ${one.ipv4} → ${plain.ipv4}:8080`)
  })

  it('that left the mesh is as if it had never been in it', async () => {
    await bed.join('one', backend)
    await bed.leave('one')
    if (Ztunnel.tells) await bed.ztunnel.taken()
    expect(await bed.apps.one.connect({ host: plain.ipv4, port: 8080 })).toMatch(/^plain:8080/)
    expect(await bed.apps.plain.connect({ host: one.ipv4, port: 8080 })).toMatch(/^one:8080/)
    await expectWays()
  })
})
