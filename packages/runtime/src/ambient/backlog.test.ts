import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Backlog } from './backlog.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

describe('Backlog', () => {
  it('gathers what is added of one key', async () => {
    const seen: string[] = []
    const backlog = new Backlog({
      work: async (key, { verify }) => {
        seen.push(`${key} ${verify}`)
        return 'done'
      },
    })
    backlog.add('a')
    backlog.add('a', { verify: true })
    backlog.add('a')
    backlog.add('b')
    await vi.advanceTimersByTimeAsync(100)
    expect(seen).toEqual(['a true', 'b false'])
  })

  it('looks again at a key that was added while it was looked at', async () => {
    let count = 0
    const backlog = new Backlog({
      work: async () => {
        if (++count === 1) backlog.add('a')
        return 'done'
      },
    })
    backlog.add('a')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(count).toBe(2)
  })

  it('tries again with pauses that grow to a limit, and starts anew after success', async () => {
    const at: number[] = []
    let failures = 0
    const backlog = new Backlog({
      gatherMs: 0,
      work: async (_, attempt) => {
        at.push(Date.now())
        failures = attempt.failures
        return at.length < 10 ? 'again' : 'done'
      },
    })
    backlog.add('a')
    await vi.advanceTimersByTimeAsync(60_000)
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0))
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
    expect(failures).toBe(9)
    backlog.add('a')
    await vi.advanceTimersByTimeAsync(100)
    expect(failures).toBe(0)
  })

  it('works on a few keys at a time, and never on one twice', async () => {
    const running = new Set<string>()
    let most = 0
    const backlog = new Backlog({
      parallel: 3,
      work: async (key) => {
        expect(running.has(key)).toBe(false)
        running.add(key)
        most = Math.max(most, running.size)
        await new Promise((resolve) => setTimeout(resolve, 10))
        running.delete(key)
        return 'done'
      },
    })
    for (let round = 0; round < 3; round++) {
      for (const key of ['a', 'b', 'c', 'd', 'e']) backlog.add(key)
      await vi.advanceTimersByTimeAsync(25)
    }
    await vi.advanceTimersByTimeAsync(1_000)
    expect(most).toBe(3)
    expect(backlog.size).toBe(0)
  })

  it('keeps going when the work throws', async () => {
    let count = 0
    const backlog = new Backlog({
      work: async () => {
        if (++count === 1) throw new Error('a bug')
        return 'done'
      },
    })
    backlog.add('a')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(count).toBe(2)
  })
})
