import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PodOptions } from './programs.ts'
import { address, type BackendName, TrafficBed } from './traffic-bed.ts'

let bed: TrafficBed
beforeAll(async () => {
  bed = await TrafficBed.create('transparent')
})
afterAll(() => bed[Symbol.asyncDispose]())

const { pod, pod6, world, world6, far, far6 } = address
const backends: readonly BackendName[] = ['nft', 'iptables-nft', 'iptables-legacy']

const tproxy = (annotations: Record<string, string> = {}, proxyEnv = {}): PodOptions => ({
  annotations: { 'sidecar.istio.io/interceptionMode': 'TPROXY', ...annotations },
  proxyEnv,
})

describe.each(backends)('a pod in TPROXY mode with %s', (backend) => {
  it('hands inbound connections to the proxy with both addresses as they were', async () => {
    await bed.redirect(backend, tproxy())
    expect(await bed.outside.connect({ host: pod, port: 8080 })).toBe(`meant ${pod}:8080 from ${world}`)
    expect(await bed.outside.connect({ host: pod, port: 9090 })).toBe(`meant ${pod}:9090 from ${world}`)
    expect(await bed.outside.connect({ host: pod, port: 15021 })).toMatch(/^app:15021 /)
  })

  it('does so for IPv6', async () => {
    await bed.redirect(backend, tproxy(), [`${pod6}/64`])
    expect(await bed.outside.connect({ host: pod6, port: 8080 })).toBe(`meant ${pod6}:8080 from ${world6}`)
    expect(await bed.app.connect({ host: far6, port: 80 })).toMatch(/^outbound:15001 /)
    expect(await bed.proxy.connect({ host: far6, port: 80 })).toMatch(/^world:80 /)
  })

  it('leaves excluded ports, loopback and outbound traffic as REDIRECT mode does', async () => {
    await bed.redirect(backend, tproxy({ 'traffic.sidecar.istio.io/excludeInboundPorts': '9090' }))
    expect(await bed.outside.connect({ host: pod, port: 9090 })).toMatch(/^app:9090 /)
    expect(await bed.outside.connect({ host: pod, port: 8080 })).toMatch(/^meant /)
    expect(await bed.app.connect({ host: pod, port: 8080 })).toMatch(/^app:8080 /)
    expect(await bed.app.connect({ host: '127.0.0.1', port: 8080 })).toMatch(/^app:8080 /)
    expect(await bed.app.connect({ host: far, port: 80 })).toMatch(/^outbound:15001 /)
    expect(await bed.proxy.connect({ host: far, port: 80 })).toMatch(/^world:80 /)
  })

  it('captures names too when asked to', async () => {
    await bed.redirect(backend, tproxy({}, { ISTIO_META_DNS_CAPTURE: 'true' }))
    expect(await bed.app.resolve({ server: address.near, name: 'shop.example' })).toBe('1.2.3.4')
    expect(await bed.outside.connect({ host: pod, port: 8080 })).toMatch(/^meant /)
  })
})
