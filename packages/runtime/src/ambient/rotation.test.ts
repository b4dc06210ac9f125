import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Rotation } from './rotation.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

describe('Rotation', () => {
  it('visits everything once in an interval, evenly, and then whatever is there', async () => {
    const visits: string[] = []
    const rounds: number[] = []
    let keys = ['a', 'b', 'c']
    const rotation = new Rotation({
      intervalMs: 300,
      keys: () => keys,
      visit: (key) => visits.push(`${key} ${Date.now() - began}`),
      roundEnded: (count) => rounds.push(count),
    })
    const began = Date.now()
    rotation.start()
    await vi.advanceTimersByTimeAsync(300)
    expect(visits).toEqual(['c 100', 'b 200', 'a 300'])
    keys = []
    await vi.advanceTimersByTimeAsync(300)
    rotation.stop()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(visits).toHaveLength(6)
    expect(rounds).toEqual([3, 3])
  })
})
