import { describe, expect, it } from 'vitest'
import { PodCache } from './pod-cache.ts'

const manifest = (number: number) => ({
  metadata: { name: `pod-${number}`, namespace: 'shop', uid: `uid-${number}` },
})
const newCache = () =>
  new PodCache(
    () => 'kept',
    () => {},
  )

describe("the cache of the node's pods", () => {
  it('holds nothing of pods that have gone, however many came', () => {
    const cache = newCache()
    for (let number = 0; number < 20_000; number += 1) {
      cache.put(manifest(number))
      cache.remove(manifest(number))
    }
    expect([...cache.all()]).toEqual([])
  })

  it('is bounded, whatever the API server says of this node', () => {
    const cache = newCache()
    for (let number = 0; number < 6_000; number += 1) cache.put(manifest(number))
    expect([...cache.all()]).toHaveLength(5_000)
  })
})
