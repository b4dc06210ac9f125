import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { newSharedLock, releaseLock, whileLocked } from './lock.ts'

/** A thread that adds to the counter in two steps, many times, under the lock; it imports the lock's source. */
const program = `
import { workerData } from 'node:worker_threads'
const { whileLocked } = await import(workerData.source)
for (let round = 0; round < 2000; round++) {
  whileLocked(workerData.lock, workerData.number, () => {
    const before = workerData.counter[0]
    for (let spin = 0; spin < 50; spin++) workerData.counter[1] += 1
    workerData.counter[0] = before + 1
  })
}`

describe('a lock of several threads', () => {
  it('lets one of them in at a time', async () => {
    const lock = newSharedLock()
    const counter = new Int32Array(new SharedArrayBuffer(8))
    const source = new URL('./lock.ts', import.meta.url).href
    const threads = [1, 2, 3].map((number) => {
      const file = new URL(`data:text/javascript,${encodeURIComponent(program)}`)
      const thread = new Worker(file, { workerData: { lock, counter, number, source } })
      return new Promise((resolve, reject) => thread.on('exit', resolve).on('error', reject))
    })
    expect(await Promise.all(threads)).toEqual([0, 0, 0])
    expect([...counter]).toEqual([6000, 300_000])
  })

  it('is free again after a failure inside', () => {
    const lock = newSharedLock()
    expect(() =>
      whileLocked(lock, 1, () => {
        throw new Error('inside')
      }),
    ).toThrow('inside')
    expect(whileLocked(lock, 2, () => lock[0])).toBe(2)
    expect(lock[0]).toBe(0)
  })

  it('is freed for its holder alone', () => {
    const lock = newSharedLock()
    whileLocked(lock, 1, () => {
      releaseLock(lock, 2)
      expect(lock[0]).toBe(1)
      releaseLock(lock, 1)
      expect(lock[0]).toBe(0)
    })
  })
})
