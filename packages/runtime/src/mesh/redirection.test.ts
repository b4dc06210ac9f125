import { ANNOTATION, PROXY_ENV } from '@istio-install-cni/config-schema'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { AnnotationError } from './errors.ts'
import type { Pod } from './pod.ts'
import { sidecarPod } from './pods.fixture.ts'
import { type SidecarRedirection, sidecarRedirection } from './redirection.ts'

function parsed(pod: Pod) {
  const proxy = pod.containers.find(({ name }) => name === 'istio-proxy')
  if (proxy === undefined) throw new Error('no proxy')
  return sidecarRedirection(pod, proxy)
}

const redirectionWith = (annotation: string, value: string) =>
  parsed(sidecarPod({ [annotation]: value })).redirection

describe('sidecarRedirection', () => {
  it('has the documented defaults', () => {
    expect(parsed(sidecarPod())).toEqual({
      redirection: {
        mode: 'REDIRECT',
        proxyUid: 1337,
        proxyGid: 1337,
        inbound: { includePorts: 'all', excludePorts: [15020, 15021, 15090] },
        outbound: { includeRanges: 'all', excludeRanges: [], includePorts: [], excludePorts: [15020] },
        excludeInterfaces: [],
        rerouteInterfaces: [],
        dnsCapture: false,
        dualStack: false,
        invalidDrop: false,
      },
      warnings: [],
    })
  })

  it('reads the mode', () => {
    expect(redirectionWith(ANNOTATION.interceptionMode, 'TPROXY').mode).toBe('TPROXY')
  })

  it.each([
    ['9090', [9090, 15020, 15021, 15090]],
    ['', [15020, 15021, 15090]],
    ['15090,15020', [15090, 15020, 15021]],
    ['*', 'all'],
  ])('never captures the ports of the proxy: excludeInboundPorts %j', (value, ports) => {
    expect(redirectionWith(ANNOTATION.excludeInboundPorts, value).inbound.excludePorts).toEqual(ports)
  })

  it.each([
    [ANNOTATION.includeInboundPorts, '80', { inbound: { includePorts: [80] } }],
    [ANNOTATION.includeInboundPorts, '', { inbound: { includePorts: [] } }],
    [ANNOTATION.includeOutboundPorts, '5432', { outbound: { includePorts: [5432] } }],
    [ANNOTATION.includeOutboundPorts, '*', { outbound: { includePorts: 'all' } }],
    [ANNOTATION.excludeOutboundPorts, '', { outbound: { excludePorts: [] } }],
    [ANNOTATION.includeOutboundIpRanges, '', { outbound: { includeRanges: [] } }],
    [
      ANNOTATION.includeOutboundIpRanges,
      '10.0.0.0/8',
      { outbound: { includeRanges: [{ text: '10.0.0.0/8' }] } },
    ],
    [ANNOTATION.excludeOutboundIpRanges, 'fd00::/8', { outbound: { excludeRanges: [{ family: 6 }] } }],
    [ANNOTATION.excludeInterfaces, 'net1', { excludeInterfaces: ['net1'] }],
    [ANNOTATION.rerouteVirtualInterfaces, 'veth1', { rerouteInterfaces: ['veth1'] }],
    [ANNOTATION.kubevirtInterfaces, 'k6t-eth0', { rerouteInterfaces: ['k6t-eth0'] }],
    [ANNOTATION.statusPort, 'word', {}],
  ])('reads %s: %j', (annotation, value, expected) => {
    expect(redirectionWith(annotation, value)).toMatchObject(expected)
  })

  it('does not even look at the old name of the rerouted interfaces when the new one is there', () => {
    const pod = sidecarPod({
      [ANNOTATION.rerouteVirtualInterfaces]: 'new0',
      [ANNOTATION.kubevirtInterfaces]: 'o l d',
    })
    expect(parsed(pod).redirection.rerouteInterfaces).toEqual(['new0'])
  })

  it.each([
    [{ runAsUser: 2001, runAsGroup: 3001 }, 2001, 3001],
    [{ runAsUser: 0, runAsGroup: 0 }, 1337, 1337],
    [{}, 1337, 1337],
  ])('recognises the proxy by %j', (securityContext, proxyUid, proxyGid) => {
    const pod = sidecarPod({}, {}, { proxy: { securityContext } })
    expect(parsed(pod).redirection).toMatchObject({ proxyUid, proxyGid })
  })

  it.each([
    [PROXY_ENV.dnsCapture, 'dnsCapture'],
    [PROXY_ENV.dualStack, 'dualStack'],
    [PROXY_ENV.invalidDrop, 'invalidDrop'],
  ] as const)('reads %s of the proxy', (variable, option) => {
    expect(parsed(sidecarPod({}, { [variable]: 'T' })).redirection[option]).toBe(true)
    expect(parsed(sidecarPod({}, { [variable]: '0' }))).toMatchObject({
      redirection: { [option]: false },
      warnings: [],
    })
  })

  it('warns about a variable that is neither true nor false, and leaves it off', () => {
    const { redirection, warnings } = parsed(sidecarPod({}, { [PROXY_ENV.dnsCapture]: 'maybe' }))
    expect(redirection.dnsCapture).toBe(false)
    expect(warnings).toEqual([
      'ISTIO_META_DNS_CAPTURE of container istio-proxy is "maybe", neither true nor false: it stays off',
    ])
  })

  it('lists every bad annotation in one error', () => {
    const pod = sidecarPod({
      [ANNOTATION.interceptionMode]: 'NONE',
      [ANNOTATION.includeInboundPorts]: 'http',
      [ANNOTATION.excludeOutboundIpRanges]: '*',
      [ANNOTATION.excludeInterfaces]: 'a\nb',
    })
    expect(() => parsed(pod)).toThrow(AnnotationError)
    expect(() => parsed(pod)).toThrow(
      expect.objectContaining({
        code: 'BAD_ANNOTATION',
        pod: 'shop/app',
        problems: [
          expect.objectContaining({ annotation: ANNOTATION.interceptionMode, value: 'NONE' }),
          expect.objectContaining({ annotation: ANNOTATION.includeInboundPorts, value: 'http' }),
          expect.objectContaining({
            annotation: ANNOTATION.excludeOutboundIpRanges,
            expected: expect.stringContaining(ANNOTATION.includeOutboundIpRanges),
          }),
          expect.objectContaining({ annotation: ANNOTATION.excludeInterfaces, value: 'a\nb' }),
        ],
      }),
    )
  })

  it('quotes values in one line and cuts long ones', () => {
    const bad = [
      { annotation: 'a', value: `x\n${'y'.repeat(1000)}`, expected: 'less' },
      { annotation: 'b', value: '', expected: 'more' },
    ]
    const { message } = new AnnotationError('shop/app', bad)
    expect(message).toMatch(
      /^pod shop\/app can't be redirected: a is "x\\ny+…"; expected: less; b is ""; expected: more$/,
    )
    expect(message.length).toBeLessThan(300)
  })

  it('has exact types', () => {
    expectTypeOf<SidecarRedirection['mode']>().toEqualTypeOf<'REDIRECT' | 'TPROXY'>()
    expectTypeOf<SidecarRedirection['inbound']['includePorts']>().toEqualTypeOf<'all' | readonly number[]>()
    expectTypeOf<SidecarRedirection['outbound']['excludeRanges']>().not.toEqualTypeOf<'all'>()
  })
})
