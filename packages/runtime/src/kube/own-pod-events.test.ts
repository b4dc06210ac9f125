import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { ownPodEvents } from './own-pod-events.ts'
import type { EventfulPod } from './pod-events.ts'

describe("events of the agent's own pod", () => {
  function agent(find: () => Promise<{ uid: string } | undefined>) {
    const told: (EventfulPod & { reason: string; message: string })[] = []
    let asked = 0
    const own = ownPodEvents({
      namespace: 'istio-system',
      name: 'istio-cni-node-x',
      pods: {
        find: () => {
          asked += 1
          return find()
        },
      },
      events: { warn: (pod, reason, message) => told.push({ ...pod, reason, message }) },
      log: pino({ enabled: false }),
    })
    return { own, told, asked: () => asked }
  }

  it('are told of its uid, which is looked up once', async () => {
    const { own, told, asked } = agent(async () => ({ uid: 'u-1' }))
    own.warn('ConfigFight', 'first')
    await expect.poll(() => told).toHaveLength(1)
    own.warn('ConfigFight', 'second')
    await expect.poll(() => told).toHaveLength(2)
    const pod = { namespace: 'istio-system', name: 'istio-cni-node-x', uid: 'u-1', reason: 'ConfigFight' }
    expect(told).toEqual([
      { ...pod, message: 'first' },
      { ...pod, message: 'second' },
    ])
    expect(asked()).toBe(1)
  })

  it('are told without a uid when nobody can tell it', async () => {
    const { own, told } = agent(() => Promise.reject(new Error('away')))
    own.warn('ConfigFight', 'why')
    await expect.poll(() => told).toMatchObject([{ uid: '', message: 'why' }])
  })
})
