import { OWN_POD_PREFIX } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { daemonSet } from './daemon-set.ts'
import { podSelector } from './names.ts'
import { contextOf, rendered } from './rendered.fixture.ts'
import { testPod } from './test-pod.ts'

interface Pod {
  readonly metadata: { name: string; labels: object; annotations: object }
  readonly spec: Record<string, unknown> & {
    containers: [{ volumeMounts: { readOnly?: true }[]; image: string }]
  }
}

describe('the pod of helm test', () => {
  it('is a hook that is started through the plugin, as no pod of the agent is', () => {
    const pod = rendered<Pod>(testPod())
    expect(pod?.metadata.annotations).toMatchObject({ 'helm.sh/hook': 'test' })
    expect(pod?.metadata.labels).not.toMatchObject(podSelector)
    expect(pod?.metadata.name.startsWith(OWN_POD_PREFIX)).toBe(false)
    expect(pod?.spec).not.toHaveProperty('hostNetwork')
  })

  it('only reads, and what the agent of the same image has there', () => {
    const values = { tag: '1.30.1', imagePullSecrets: ['dhi-pull-secret'] }
    const pod = rendered<Pod>(testPod(), values)?.spec
    const agent = rendered<{ spec: { template: { spec: Pod['spec'] } } }>(daemonSet(), values)
    expect(pod?.containers[0].volumeMounts.every(({ readOnly }) => readOnly)).toBe(true)
    expect(pod?.containers[0].image).toBe(agent?.spec.template.spec.containers[0].image)
    expect(pod?.imagePullSecrets).toEqual([{ name: 'dhi-pull-secret' }])
    expect(pod?.automountServiceAccountToken).toBe(false)
  })

  it('may be scheduled where the agent is', () => {
    const values = { nodeSelector: { mesh: 'yes' }, tolerations: [{ key: 'a', operator: 'Exists' }] } as const
    expect(rendered<Pod>(testPod(), values)?.spec).toMatchObject({
      nodeSelector: { 'kubernetes.io/os': 'linux', mesh: 'yes' },
      tolerations: [{ key: 'a', operator: 'Exists' }],
    })
  })

  it('is not there where nobody runs hooks, nor where nobody wants it', () => {
    const { release, ...context } = contextOf()
    const { revision: _, ...noRelease } = release
    expect(rendered(testPod(), {}, { ...context, release: noRelease })).toBeUndefined()
    expect(rendered(testPod(), { test: { enabled: false } })).toBeUndefined()
  })
})
