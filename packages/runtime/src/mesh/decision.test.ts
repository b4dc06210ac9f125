import { ANNOTATION, LABEL, PROXY_ENV } from '@istio-install-cni/config-schema'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Decision, decisionOf } from './decision.ts'
import type { Pod } from './pod.ts'
import { sidecarPod } from './pods.fixture.ts'

const settings = { excludeNamespaces: ['kube-system'], podNamespace: 'istio-system' }

describe('decisionOf', () => {
  it('redirects a pod with a sidecar and says why', () => {
    expect(decisionOf(sidecarPod(), settings)).toMatchObject({
      mode: 'sidecar',
      because: expect.stringContaining('istio-proxy'),
      redirection: { mode: 'REDIRECT' },
      warnings: [],
    })
  })

  it.each<[because: string, pod: Pod]>([
    [
      'it is a pod of this agent',
      { ...sidecarPod({}, {}, { name: 'istio-cni-node-x' }), namespace: 'istio-system' },
    ],
    ['namespace kube-system is excluded', { ...sidecarPod(), namespace: 'kube-system' }],
    [
      'its init container istio-init makes the redirection',
      sidecarPod({}, {}, { spec: { initContainers: [{ name: 'istio-init' }] } }),
    ],
    ['it has no container istio-proxy', { ...sidecarPod(), containers: [] }],
    ['DISABLE_ENVOY is true in container istio-proxy', sidecarPod({}, { [PROXY_ENV.disableEnvoy]: '1' })],
    [
      'its proxy is of type "router", not a sidecar',
      sidecarPod({}, {}, { proxy: { args: ['proxy', 'router'] } }),
    ],
    ['annotation sidecar.istio.io/inject is false', sidecarPod({ [ANNOTATION.inject]: 'false' })],
    [
      'label sidecar.istio.io/inject is F',
      sidecarPod({ [ANNOTATION.inject]: 'true' }, {}, { labels: { [LABEL.inject]: 'F' } }),
    ],
    [
      'annotation sidecar.istio.io/status is missing: nothing was injected',
      { ...sidecarPod(), annotations: {} },
    ],
  ])('leaves a pod alone because %s', (because, pod) => {
    expect(decisionOf(pod, settings)).toEqual({ mode: 'none', because })
  })

  it('lets the label win over the annotation even if it says nothing', () => {
    const pod = sidecarPod({ [ANNOTATION.inject]: 'false' }, {}, { labels: { [LABEL.inject]: '' } })
    expect(decisionOf(pod, settings).mode).toBe('sidecar')
  })

  it('takes a command line that is not the agent of the proxy for a sidecar', () => {
    expect(decisionOf(sidecarPod({}, {}, { proxy: { args: ['envoy', 'router'] } }), settings).mode).toBe(
      'sidecar',
    )
  })

  it('counts an init container as the proxy', () => {
    const { containers, ...pod } = sidecarPod()
    expect(decisionOf({ ...pod, containers: [], initContainers: containers }, settings).mode).toBe('sidecar')
  })

  it('warns of a pod that says hostNetwork and was asked for all the same', () => {
    expect(decisionOf(sidecarPod({}, {}, { spec: { hostNetwork: true } }), settings)).toMatchObject({
      mode: 'sidecar',
      warnings: [expect.stringContaining('hostNetwork')],
    })
  })

  it('refuses a pod with a bad annotation, but only if it would be redirected', () => {
    const bad = { [ANNOTATION.includeInboundPorts]: 'http' }
    expect(decisionOf(sidecarPod(bad), settings)).toMatchObject({
      mode: 'refused',
      error: { code: 'BAD_ANNOTATION' },
    })
    expect(decisionOf(sidecarPod({ ...bad, [ANNOTATION.inject]: 'false' }), settings).mode).toBe('none')
  })

  it('has exact types', () => {
    expectTypeOf<Decision['mode']>().toEqualTypeOf<'none' | 'sidecar' | 'refused'>()
    expectTypeOf<Extract<Decision, { mode: 'none' }>>().not.toHaveProperty('redirection')
  })
})
