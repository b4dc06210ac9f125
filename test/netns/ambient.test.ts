import { join } from 'node:path'
import { HOST_PROBE_ADDRESS } from '@istio-install-cni/config-schema'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AmbientRedirection } from '../../packages/runtime/src/mesh/ambient-redirection.ts'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { ambientRules } from '../../packages/runtime/src/rules/ambient.ts'
import { iptablesProgram } from '../../packages/runtime/src/rules/iptables.ts'
import { nftProgram } from '../../packages/runtime/src/rules/nft.ts'
import { command } from '../testbed/commands.ts'
import type { ScratchNetwork } from './scratch-network.ts'
import { address, type BackendName, TrafficBed } from './traffic-bed.ts'

/** The sidecar's proxy of the bed stands for ztunnel: it listens on the same ports. */
let bed: TrafficBed
const withNft = new NetworkNamespaces({ iptables: 'nft' })
const withLegacy = new NetworkNamespaces({ iptables: 'legacy' })
beforeAll(async () => {
  bed = await TrafficBed.create('plain')
  await bed.world.shell(`
    ip addr add ${HOST_PROBE_ADDRESS.ipv4}/32 dev lo
    ip addr add ${HOST_PROBE_ADDRESS.ipv6}/128 dev lo nodad`)
})
afterAll(async () => {
  await Promise.all([withNft.close(), withLegacy.close()])
  await bed[Symbol.asyncDispose]()
})

const { pod, pod6, podSecond, world, world6, near, far, far6 } = address
const backends: readonly BackendName[] = ['nft', 'iptables-nft', 'iptables-legacy']
const usual: AmbientRedirection = {
  dnsCapture: true,
  bypassInbound: false,
  rerouteInterfaces: [],
  ipv6: true,
  probeAddress: HOST_PROBE_ADDRESS,
}

async function redirect(backend: BackendName, options: Partial<AmbientRedirection> = {}): Promise<void> {
  const rules = ambientRules({ ...usual, ...options })
  const namespaces = backend === 'iptables-legacy' ? withLegacy : withNft
  const program = backend === 'nft' ? nftProgram(rules) : iptablesProgram(rules)
  await namespaces.applyRules(bed.pod.path, program)
}

type Marked = Readonly<{
  protocol?: 'tcp' | 'udp'
  mark?: number
  source?: string
  host: string
  port: number
}>

const connect = (from: ScratchNetwork, { protocol = 'tcp', mark = 0, source = '-', host, port }: Marked) =>
  command(
    ...['ip', 'netns', 'exec', from.name, process.execPath, join(import.meta.dirname, 'marked-client.ts')],
    ...[protocol, String(mark), source, host, String(port)],
  )

const ztunnel = 0x539

describe.each(backends)('an ambient pod with %s', (backend) => {
  it('sends what goes out and what comes in to ztunnel, but the tunnel itself and what stays at home', async () => {
    await redirect(backend)
    const answers = await Promise.all([
      bed.app.connect({ host: far, port: 80 }),
      bed.app.connect({ host: far6, port: 80 }),
      bed.outside.connect({ host: pod, port: 8080 }),
      bed.outside.connect({ host: pod6, port: 8080 }),
      bed.outside.connect({ host: pod, port: 15008 }),
      bed.outside.connect({ host: pod6, port: 15008 }),
      bed.app.connect({ host: '127.0.0.1', port: 8080 }),
      bed.app.connect({ host: '::1', port: 8080 }),
      bed.app.connect({ host: pod, port: 8080 }),
      bed.app.connect({ host: pod6, port: 8080 }),
    ])
    expect(answers.map((answer) => answer.replace(/ from .*/, ''))).toEqual([
      'outbound:15001',
      'outbound:15001',
      'inbound:15006',
      'inbound:15006',
      'app:15008',
      'app:15008',
      'app:8080',
      'app:8080',
      'app:8080',
      'app:8080',
    ])
  })

  it("leaves ztunnel's own packets alone, told by twelve bits of their mark", async () => {
    await redirect(backend)
    const marks = [ztunnel, 0xabc000 | ztunnel, 0x53a]
    for (const [host, captured] of [
      [far, 'outbound:15001'],
      [far6, 'outbound:15001'],
    ] as const) {
      const answers = await Promise.all(marks.map((mark) => connect(bed.pod, { mark, host, port: 80 })))
      expect(answers.map((answer) => answer.replace(/ from .*/, ''))).toEqual([
        'world:80',
        'world:80',
        captured,
      ])
    }
  })

  it('brings answers back to ztunnel when that speaks with the address of its client', async () => {
    await redirect(backend)
    const spoken = { mark: ztunnel, port: 8080 }
    expect(await connect(bed.pod, { ...spoken, source: world, host: pod })).toBe(
      `app:8080 from ::ffff:${world}`,
    )
    expect(await connect(bed.pod, { ...spoken, source: world6, host: pod6 })).toBe(`app:8080 from ${world6}`)
  })

  it("lets the kubelet's probes pass, told by their source address", async () => {
    await redirect(backend)
    const { ipv4, ipv6 } = HOST_PROBE_ADDRESS
    expect(await connect(bed.world, { source: ipv4, host: pod, port: 8080 })).toBe(
      `app:8080 from ::ffff:${ipv4}`,
    )
    expect(await connect(bed.world, { source: ipv6, host: pod6, port: 8080 })).toBe(`app:8080 from ${ipv6}`)
  })

  it('asks ztunnel for names, over UDP and TCP, and ztunnel asks outside', async () => {
    await redirect(backend)
    expect(await bed.app.resolve({ server: near, name: 'shop.example' })).toBe('1.2.3.4')
    expect(await bed.app.connect({ host: near, port: 53 })).toMatch(/^dns:15053 /)
    expect(await bed.app.connect({ host: far6, port: 53 })).toMatch(/^dns:15053 /)
    const own = { mark: ztunnel, host: near, port: 53 } as const
    expect(await connect(bed.pod, { ...own, protocol: 'udp' })).toBe('9.9.9.9')
    expect(await connect(bed.pod, own)).toMatch(/^world:53 /)
  })

  it('asks outside for names without DNS capture', async () => {
    await redirect(backend, { dnsCapture: false })
    expect(await bed.app.resolve({ server: near, name: 'shop.example' })).toBe('9.9.9.9')
    expect(await bed.app.connect({ host: near, port: 53 })).toMatch(/^outbound:15001 /)
  })

  it('gets inbound traffic itself when that bypasses ztunnel', async () => {
    await redirect(backend, { bypassInbound: true })
    expect(await bed.outside.connect({ host: pod, port: 8080 })).toMatch(/^app:8080 /)
    expect(await bed.outside.connect({ host: pod6, port: 8080 })).toMatch(/^app:8080 /)
    expect(await bed.app.connect({ host: far, port: 80 })).toMatch(/^outbound:15001 /)
  })

  it("takes what comes in by a guest's interface for outbound", async () => {
    await redirect(backend, { rerouteInterfaces: ['net1'] })
    expect(await bed.outside.connect({ host: podSecond, port: 8080 })).toMatch(/^outbound:15001 /)
    expect(await bed.outside.connect({ host: pod, port: 8080 })).toMatch(/^inbound:15006 /)
  })

  it('leaves IPv6 alone where that is switched off', async () => {
    await redirect(backend, { ipv6: false })
    expect(await bed.app.connect({ host: far6, port: 80 })).toMatch(/^world:80 /)
    expect(await bed.outside.connect({ host: pod6, port: 8080 })).toMatch(/^app:8080 /)
    expect(await bed.app.connect({ host: far, port: 80 })).toMatch(/^outbound:15001 /)
  })

  it('is as any other pod once its rules are taken away', async () => {
    await redirect(backend)
    await withNft.removeRules(bed.pod.path)
    expect(await bed.app.connect({ host: far, port: 80 })).toMatch(/^world:80 /)
    expect(await bed.outside.connect({ host: pod, port: 8080 })).toMatch(/^app:8080 /)
    expect(await bed.app.resolve({ server: near, name: 'shop.example' })).toBe('9.9.9.9')
  })
})
