import { afterEach, describe, expect, it } from 'vitest'
import { dataOfError, errorOfData, NetnsError } from './errors.ts'
import type { Job } from './jobs.ts'
import { WorkerPool } from './worker-pool.ts'

/** Workers whose program says by the job's path what it does; it answers with its thread's number. */
const program = `
import { parentPort, workerData } from 'node:worker_threads'
parentPort.on('message', ({ job }) => {
  if (job.path === 'hang') return
  if (job.path === 'slow') return setTimeout(() => parentPort.postMessage({ result: workerData.number }), 5)
  if (job.path === 'crash') process.exit(3)
  if (job.path === 'throw') throw new Error('broken')
  if (job.path === 'lost') {
    return parentPort.postMessage({ error: { code: 'not-entered', message: 'elsewhere' }, lost: true })
  }
  if (job.path === 'take-lock') Atomics.store(workerData.nftLock, 0, workerData.number)
  if (job.path === 'read-lock') return parentPort.postMessage({ result: Atomics.load(workerData.nftLock, 0) })
  if (job.path === 'take-lock') process.exit(0)
  parentPort.postMessage({ result: workerData.number })
})`
const file = new URL(`data:text/javascript,${encodeURIComponent(program)}`)

const remove = (path: string): Job => ({ kind: 'remove', path })

let pool: WorkerPool
const start = (size: number, patienceMilliseconds = 1) => {
  const lost: NetnsError[] = []
  pool = new WorkerPool({
    size,
    allowHostNamespace: false,
    nftLibrary: '',
    onWorkerLost: (error) => lost.push(error),
    graceMilliseconds: 1,
    patienceMilliseconds,
    idleMilliseconds: 1,
    file,
  })
  return lost
}
afterEach(() => pool.close())

describe('the pool of namespace workers', () => {
  it('uses one thread for jobs that are quickly done', async () => {
    start(2)
    for (const key of ['a', 'b', 'c']) expect(await pool.run(remove('x'), key, 10_000)).toBe(1)
  })

  it('uses more when jobs have to wait, but no more than it may', async () => {
    start(2)
    const threads = await Promise.all(
      Array.from({ length: 50 }, (_, index) => pool.run(remove('slow'), `key ${index}`, 10_000)),
    )
    expect(new Set(threads)).toEqual(new Set([1, 2]))
  })

  it('uses one thread as long as each of many jobs waits but shortly', async () => {
    const patience = 500
    start(2, patience)
    const end = performance.now() + 1.5 * patience
    const threads = new Set<unknown>()
    const oneAfterAnother = async (key: string) => {
      while (performance.now() < end) threads.add(await pool.run(remove('slow'), key, 10_000))
    }
    await Promise.all(['a', 'b', 'c'].map(oneAfterAnother))
    expect(threads).toEqual(new Set([1]))
  })

  it('gives jobs of one namespace to one thread at a time', async () => {
    start(4)
    const threads = await Promise.all(
      Array.from({ length: 8 }, () => pool.run(remove('slow'), 'same key', 10_000)),
    )
    expect(new Set(threads)).toEqual(new Set([1]))
  })

  it.each(['crash', 'throw'])('loses one job alone when a worker dies (%s)', async (way) => {
    const lost = start(1)
    const outcomes = await Promise.allSettled(
      ['x', way, 'x'].map((path, index) => pool.run(remove(path), `key ${index}`, 10_000)),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { name: 'NetnsError', code: 'worker-died' } })
    expect(outcomes[2]).toMatchObject({ value: 2 })
    expect(lost).toHaveLength(1)
  })

  it('gives up a worker that hangs', async () => {
    start(1)
    const hanging = expect(pool.run(remove('hang'), 'a', 1)).rejects.toMatchObject({ code: 'deadline' })
    expect(await pool.run(remove('x'), 'b', 10_000)).toBe(2)
    await hanging
  })

  it('replaces a worker that cannot return from a namespace', async () => {
    start(1)
    await expect(pool.run(remove('lost'), 'a', 10_000)).rejects.toMatchObject({ code: 'not-entered' })
    expect(await pool.run(remove('x'), 'b', 10_000)).toBe(2)
  })

  it('frees the lock that a dead worker held', async () => {
    start(1)
    await expect(pool.run(remove('take-lock'), 'a', 10_000)).rejects.toMatchObject({ code: 'worker-died' })
    expect(await pool.run(remove('read-lock'), 'b', 10_000)).toBe(0)
  })

  it('drops a job for which nobody has time', async () => {
    start(1)
    const running = pool.run(remove('x'), 'a', 10_000)
    await expect(pool.run(remove('x'), 'b', 0)).rejects.toMatchObject({ code: 'deadline' })
    expect(await running).toBe(1)
  })

  it('ends running jobs and refuses others when it is closed', async () => {
    start(1)
    const running = pool.run(remove('x'), 'a', 10_000)
    const waiting = expect(pool.run(remove('x'), 'b', 10_000)).rejects.toMatchObject({ code: 'closed' })
    await pool.close()
    expect(await running).toBe(1)
    await waiting
    await expect(pool.run(remove('x'), 'c', 10_000)).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('an error of a worker', () => {
  it('keeps its code and its words on the way, and stays short', () => {
    const error = new NetnsError('rules-refused', 'nft said no', { detail: 'x'.repeat(10_000) })
    const received = errorOfData(dataOfError(error))
    expect(received).toMatchObject({ name: 'NetnsError', code: 'rules-refused', message: error.message })
    expect(received.detail).toHaveLength(2048)
    expect(errorOfData(dataOfError(new TypeError('oops')))).toMatchObject({
      code: 'worker-died',
      message: expect.stringContaining('oops'),
    })
  })
})
