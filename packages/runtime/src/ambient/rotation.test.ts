import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Rotation } from './rotation.ts'

const interval = 30_000
let visits: { key: string; at: number }[]
let rounds: number
let keys: string[]
let rotation: Rotation

beforeEach(() => {
  vi.useFakeTimers()
  visits = []
  rounds = 0
  keys = []
  rotation = new Rotation({
    intervalMs: interval,
    keys: () => keys,
    visit: (key) => visits.push({ key, at: Date.now() }),
    roundEnded: () => void rounds++,
    now: Date.now,
  })
})
afterEach(() => {
  rotation.stop()
  vi.useRealTimers()
})

const named = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => prefix + index)
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
/** The longest time that a key was not looked at, from its joining to now. */
const longestGap = (key: string, joined: number) => {
  const times = [joined, ...visits.filter((visit) => visit.key === key).map(({ at }) => at), Date.now()]
  return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? 0)))
}

describe('Rotation', () => {
  it.each([1, 3, 11, 250])('of %i visits each within every interval, and not much oftener', async (count) => {
    keys = named('pod', count)
    const began = Date.now()
    rotation.start()
    await pass(10 * interval)
    expect(Math.max(...keys.map((key) => longestGap(key, began)))).toBeLessThanOrEqual(interval)
    expect(visits.length).toBeLessThanOrEqual(14 * count)
  })

  it('visits one at a time', async () => {
    keys = named('pod', 100)
    rotation.start()
    await pass(5 * interval)
    const pauses = visits.slice(1).map(({ at }, index) => at - (visits[index]?.at ?? 0))
    expect(Math.min(...pauses)).toBeGreaterThan(interval / 110)
  })

  it.each([
    [1, 1],
    [1, 30],
    [20, 60],
    [100, 1],
  ])('besides %i visits %i that join within an interval of that, too', async (count, more) => {
    keys = named('pod', count)
    const began = Date.now()
    rotation.start()
    await pass(1.37 * interval)
    const joined = Date.now()
    const late = named('late', more)
    keys = [...keys, ...late]
    await pass(3 * interval)
    const gaps = [
      ...named('pod', count).map((key) => longestGap(key, began)),
      ...late.map((key) => longestGap(key, joined)),
    ]
    // The looks at the clock that were made while there were fewer count, too.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1.1 * interval)
  })

  it('forgets what has gone, and ends rounds without anything to visit', async () => {
    keys = ['a']
    rotation.start()
    await pass(interval)
    keys = []
    await pass(2 * interval)
    expect(visits.map(({ key }) => key)).toEqual(['a'])
    expect(rounds).toBe(3)
  })

  it('ends when it is told to', async () => {
    keys = ['a']
    rotation.start()
    rotation.stop()
    await pass(2 * interval)
    expect([visits, rounds]).toEqual([[], 0])
  })
})
