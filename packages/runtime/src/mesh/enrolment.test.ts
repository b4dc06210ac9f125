import { DEFAULT_ENABLEMENT_SELECTORS } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { enrolmentOf } from './enrolment.ts'
import { podFromManifest } from './pod.ts'
import { sidecarPod } from './pods.fixture.ts'

const settings = {
  excludeNamespaces: ['kube-system'],
  podNamespace: 'istio-system',
  systemNamespace: 'istio-system',
  enablementSelectors: DEFAULT_ENABLEMENT_SELECTORS,
}
const ambient = { 'istio.io/dataplane-mode': 'ambient' }
const pod = (metadata: object = {}, spec: object = {}, status: object = {}) =>
  podFromManifest({ metadata: { name: 'app', namespace: 'shop', ...metadata }, spec, status })

describe('enrolmentOf', () => {
  it('enrols a pod that a selector selects', () => {
    expect(enrolmentOf(pod(), ambient, settings)).toMatchObject({ isEnrolled: true })
    expect(enrolmentOf(pod({ labels: ambient }), {}, settings)).toMatchObject({ isEnrolled: true })
  })

  it.each([
    ['it is a pod of this agent', pod({ name: 'istio-cni-node-x', namespace: 'istio-system' })],
    ['namespace kube-system is excluded', pod({ namespace: 'kube-system' })],
    ['it is ztunnel itself', pod({ namespace: 'istio-system', labels: { app: 'ztunnel' } })],
    ['it has no network namespace of its own (hostNetwork)', pod({}, { hostNetwork: true })],
    ['it is for the operating system windows', pod({}, { nodeSelector: { 'kubernetes.io/os': 'windows' } })],
    ['it is for the operating system windows', pod({}, { os: { name: 'windows' } })],
    ['it has ended (Succeeded)', pod({}, {}, { phase: 'Succeeded' })],
    ['it has ended (Failed)', pod({}, {}, { phase: 'Failed' })],
    ['it has a sidecar (annotation sidecar.istio.io/status)', sidecarPod()],
    [
      'no enablement selector selects it for the ambient mesh',
      pod({ labels: { 'istio.io/dataplane-mode': 'none' } }),
    ],
  ])('enrols none because %s', (because, left) => {
    expect(enrolmentOf(left, ambient, settings)).toEqual({ isEnrolled: false, because })
  })

  it("enrols somebody else's pod that is called ztunnel", () => {
    const labels = { app: 'ztunnel' }
    expect(enrolmentOf(pod({ labels }), ambient, settings).isEnrolled).toBe(true)
  })

  it('enrols a pod that says linux', () => {
    expect(enrolmentOf(pod({}, { os: { name: 'linux' } }), ambient, settings).isEnrolled).toBe(true)
  })
})
