import { CNI_ERROR } from '@istio-install-cni/config-schema'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { noPodEvents } from '../kube/pod-events.ts'
import type { PodCall } from '../mesh/call.ts'
import { AnnotationError } from '../mesh/errors.ts'
import type { MeshDecision } from '../mesh/mesh-decision.ts'
import { podFromManifest } from '../mesh/pod.ts'
import { PodCalls, type PodCallsOptions } from './pod-calls.ts'

const pod = podFromManifest({ metadata: { name: 'app', namespace: 'shop' } })
const call: PodCall = { name: 'app', namespace: 'shop', netns: '/run/netns/app', addresses: ['10.0.0.2'] }
const ambient = { mode: 'ambient', because: 'it is selected', warnings: ['odd'] } as unknown as MeshDecision
const sidecar = { mode: 'sidecar', because: 'it has a sidecar', warnings: [] } as unknown as MeshDecision
const none: MeshDecision = { mode: 'none', because: 'nothing selects it' }

function bed(decision: MeshDecision | Error, options: Partial<PodCallsOptions> = {}) {
  const modes = {
    sidecar: { add: vi.fn(async () => {}), check: vi.fn(async () => []) },
    ambient: {
      add: vi.fn(async () => {}),
      check: vi.fn(async () => []),
      remove: vi.fn(async () => {}),
    },
  }
  const observer = { observePhase: vi.fn(), countDecision: vi.fn() }
  const calls = new PodCalls({
    pods: { find: async () => pod },
    decide: () => {
      if (decision instanceof Error) throw decision
      return decision
    },
    ...modes,
    observer,
    events: noPodEvents,
    log: pino({ level: 'silent' }),
    ...options,
  })
  return { calls, observer, ...modes }
}

describe('PodCalls', () => {
  it('hands an ambient pod to the ambient mode alone', async () => {
    const { calls, ambient: mode, sidecar: other } = bed(ambient)
    expect(await calls.add(call)).toEqual({ decision: 'ambient', because: 'it is selected' })
    expect(mode.add).toHaveBeenCalledWith(pod, ambient, call)
    await calls.check(call)
    expect(mode.check).toHaveBeenCalledWith(pod, ambient, call)
    expect(other.add).not.toHaveBeenCalled()
  })

  it('hands a sidecar pod to the sidecar mode alone', async () => {
    const { calls, ambient: other, sidecar: mode } = bed(sidecar)
    expect(await calls.add(call)).toMatchObject({ decision: 'sidecar' })
    expect(mode.add).toHaveBeenCalledWith(pod, sidecar, call)
    expect(other.add).not.toHaveBeenCalled()
  })

  it('leaves other pods alone and times them too', async () => {
    const { calls, ambient: mode, sidecar: other, observer } = bed(none)
    expect(await calls.add(call)).toEqual({ decision: 'none', because: 'nothing selects it' })
    expect([mode.add, other.add].every((add) => add.mock.calls.length === 0)).toBe(true)
    expect(observer.observePhase.mock.calls.map(([phase]) => phase)).toEqual(['lookup', 'decide', 'total'])
  })

  it('tells the ambient mode of every DEL without a question about the pod', async () => {
    const { calls, ambient: mode } = bed(new Error('the API server is away'))
    await calls.remove(call)
    expect(mode.remove).toHaveBeenCalledWith(call)
  })

  it('lets no pod start of which nobody can tell whether it is in the mesh', async () => {
    const { calls } = bed(new Error('the API server is away'))
    await expect(calls.add(call)).rejects.toMatchObject({
      code: CNI_ERROR.tryAgainLater,
      details: 'the API server is away',
    })
  })

  it.each([
    ['unknown', async () => undefined, 'pod shop/app is not known'],
    [
      'not to be found now',
      () => Promise.reject(new Error('no route')),
      'pod shop/app could not be looked up',
    ],
  ])('asks to try again later when the pod is %s', async (_, find, message) => {
    const { calls } = bed(none, { pods: { find } })
    await expect(calls.add(call)).rejects.toMatchObject({ code: CNI_ERROR.tryAgainLater, message })
  })

  it('refuses a pod because of its annotations and says so on the pod', async () => {
    const events = { warn: vi.fn() }
    const error = new AnnotationError('shop/app', [{ annotation: 'a', value: 'b', expected: 'c' }])
    const { calls } = bed({ mode: 'refused', error }, { events })
    await expect(calls.add(call)).rejects.toMatchObject({ code: CNI_ERROR.podRefused })
    expect(events.warn).toHaveBeenCalledWith(pod, 'RedirectionRefused', error.message)
  })

  it('lists at CHECK what is not as it was made', async () => {
    const difference = { where: 'nft', kind: 'missing', line: 'tcp dport 80' } as const
    const { calls } = bed(sidecar, { sidecar: { add: async () => {}, check: async () => [difference] } })
    await expect(calls.check(call)).rejects.toMatchObject({
      code: CNI_ERROR.redirectionDiffers,
      details: 'missing tcp dport 80',
    })
  })
})
