import { describe, expect, expectTypeOf, it } from 'vitest'
import { PodManifestError } from './errors.ts'
import { type Container, type Pod, podFromManifest } from './pod.ts'

const manifest = (fields: Readonly<Record<string, unknown>> = {}) => ({
  kind: 'Pod',
  metadata: { name: 'app' },
  ...fields,
})

describe('podFromManifest', () => {
  it('keeps what decisions need of a whole pod', () => {
    expect(
      podFromManifest({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'app-1',
          namespace: 'shop',
          uid: 'b0a1',
          deletionTimestamp: '2026-01-01T00:00:00Z',
          labels: { app: 'shop' },
          annotations: {
            'sidecar.istio.io/status': '{}',
            'kubectl.kubernetes.io/last-applied-configuration': '{…}',
          },
        },
        spec: {
          hostNetwork: true,
          hostUsers: false,
          nodeName: 'node-1',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          serviceAccountName: 'shop-account',
          initContainers: [{ name: 'setup', args: ['--token=secret'] }],
          containers: [
            {
              name: 'app',
              env: [
                { name: 'PASSWORD', value: 'secret' },
                { name: 'DISABLE_ENVOY', value: 'true' },
              ],
            },
            {
              name: 'istio-proxy',
              args: ['proxy', 'sidecar'],
              env: [
                { name: 'ISTIO_META_DNS_CAPTURE', value: 'true' },
                { name: 'INVALID_DROP', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } },
                { name: 'OTHER', value: 'x' },
              ],
              securityContext: { runAsUser: 2001, runAsGroup: 2002 },
            },
          ],
        },
        status: { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] },
      }),
    ).toEqual({
      namespace: 'shop',
      name: 'app-1',
      uid: 'b0a1',
      labels: { app: 'shop' },
      annotations: { 'sidecar.istio.io/status': '{}' },
      hostNetwork: true,
      hostUsers: false,
      nodeName: 'node-1',
      phase: 'Running',
      serviceAccount: 'shop-account',
      os: 'linux',
      isTerminating: true,
      initContainers: [{ name: 'setup', args: [], env: {} }],
      containers: [
        { name: 'app', args: [], env: {} },
        {
          name: 'istio-proxy',
          args: ['proxy', 'sidecar'],
          env: { ISTIO_META_DNS_CAPTURE: 'true' },
          runAsUser: 2001,
          runAsGroup: 2002,
        },
      ],
      ips: ['10.0.0.1', 'fd00::1'],
    })
  })

  it('knows the uid by which the kubelet knows a static pod', () => {
    const annotations = { 'kubernetes.io/config.mirror': 'c0ffee' }
    expect(podFromManifest({ metadata: { name: 'app', uid: 'api', annotations } })).toMatchObject({
      uid: 'api',
      staticUid: 'c0ffee',
      annotations: {},
    })
  })

  it('fills in what an empty manifest leaves out', () => {
    expect(podFromManifest({ metadata: { name: 'app' } })).toEqual({
      namespace: 'default',
      name: 'app',
      uid: '',
      labels: {},
      annotations: {},
      hostNetwork: false,
      hostUsers: true,
      serviceAccount: 'default',
      isTerminating: false,
      containers: [],
      initContainers: [],
      ips: [],
    })
  })

  it('takes podIP when there is no list', () => {
    expect(podFromManifest(manifest({ status: { podIP: '10.0.0.1' } })).ips).toEqual(['10.0.0.1'])
  })

  it('finds no label that an object inherits', () => {
    const { labels } = podFromManifest(manifest())
    expect(labels.constructor).toBeUndefined()
  })

  it('takes __proto__ for a label like any other', () => {
    const hostile = JSON.parse('{"metadata":{"name":"app","labels":{"__proto__":"x"}}}')
    expect(Object.entries(podFromManifest(hostile).labels)).toEqual([['__proto__', 'x']])
  })

  it.each([
    ['kind', { kind: 'Deployment', metadata: { name: 'app' } }],
    ['metadata.name', { kind: 'Pod' }],
    ['metadata.name', { metadata: { name: 'a b' } }],
    ['metadata.name', { metadata: { name: 'a\nb' } }],
    ['metadata.name', { metadata: { name: 7 } }],
    ['metadata.namespace', { metadata: { name: 'app', namespace: '../x' } }],
    ['metadata', { metadata: [] }],
    ['metadata.labels', { metadata: { name: 'app', labels: ['a'] } }],
    ['metadata.labels.a', { metadata: { name: 'app', labels: { a: 1 } } }],
    ['metadata.annotations.istio.io/x', { metadata: { name: 'app', annotations: { 'istio.io/x': {} } } }],
    ['spec', manifest({ spec: 'x' })],
    ['spec.hostNetwork', manifest({ spec: { hostNetwork: 'true' } })],
    ['spec.containers', manifest({ spec: { containers: {} } })],
    ['spec.containers', manifest({ spec: { containers: Array(1001).fill({ name: 'a' }) } })],
    ['spec.containers[0]', manifest({ spec: { containers: ['a'] } })],
    ['spec.containers[0].name', manifest({ spec: { containers: [{}] } })],
    ['spec.containers[0].args[0]', manifest({ spec: { containers: [{ name: 'istio-proxy', args: [1] }] } })],
    [
      'spec.containers[0].env[0].value',
      manifest({ spec: { containers: [{ name: 'istio-proxy', env: [{ name: 'A', value: true }] }] } }),
    ],
    [
      'spec.containers[0].securityContext.runAsUser',
      manifest({ spec: { containers: [{ name: 'a', securityContext: { runAsUser: -1 } }] } }),
    ],
    [
      'spec.containers[0].securityContext.runAsGroup',
      manifest({ spec: { containers: [{ name: 'a', securityContext: { runAsGroup: '1' } }] } }),
    ],
    ['status.podIPs[0].ip', manifest({ status: { podIPs: [{ ip: 'x' }] } })],
  ])('names %s when it is not what a pod has', (field, value) => {
    expect(() => podFromManifest(value)).toThrow(PodManifestError)
    expect(() => podFromManifest(value)).toThrow(expect.objectContaining({ field }))
  })

  it('keeps what it quotes of a hostile manifest short and in one line', () => {
    const labels = { [`a\n${'b'.repeat(1000)}`]: 1 }
    expect(() => podFromManifest({ metadata: { name: 'app', labels } })).toThrow(
      /^pod manifest: field "metadata\.labels\.a\\nb{1,120}…": expected a string$/,
    )
  })

  it.each([undefined, null, 1, 'pod', []])('refuses %j', (value) => {
    expect(() => podFromManifest(value)).toThrow(PodManifestError)
  })

  it('has exact types', () => {
    expectTypeOf(podFromManifest).parameter(0).toBeUnknown()
    expectTypeOf(podFromManifest).returns.toEqualTypeOf<Pod>()
    expectTypeOf<Container['runAsUser']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<Pod['labels'][string]>().toEqualTypeOf<string>()
  })
})
