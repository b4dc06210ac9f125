// Loaded into an agent that is measured: how long its main thread was away from the event loop, looked at every
// millisecond. SIGUSR2 writes what was seen since the last time to LOOP_DELAY_FILE.
import { openSync, readSync, renameSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** Milliseconds of the longest stretch of its kind; `long…`: how many took more than 10 ms. */
export interface LoopDelay {
  /** By the clock: also what the thread waited for a processor. */
  readonly wall: number
  /** Without the wait for a processor: what the agent itself kept the loop from turning. */
  readonly blocked: number
  /** CPU time of the main thread. */
  readonly cpu: number
  readonly longWalls: number
  readonly longBlocks: number
}

const none: LoopDelay = { wall: 0, blocked: 0, cpu: 0, longWalls: 0, longBlocks: 0 }
const periodMs = 1
const longMs = 10

function threadCpu(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Milliseconds that the main thread was ready to run and no processor was free: the second figure of schedstat. */
function waitedForProcessor(file: number, buffer: Buffer): number {
  const length = readSync(file, buffer, 0, buffer.length, 0)
  return Number(buffer.toString('latin1', 0, length).split(' ')[1] ?? 0) / 1e6
}

function watch(file: string): void {
  const schedule = openSync('/proc/thread-self/schedstat', 'r')
  const buffer = Buffer.alloc(128)
  const now = () => ({
    clock: performance.now(),
    cpu: threadCpu(),
    waited: waitedForProcessor(schedule, buffer),
  })
  let seen = none
  let last = now()
  const look = () => {
    const next = now()
    const wall = next.clock - last.clock - periodMs
    const blocked = wall - (next.waited - last.waited)
    seen = {
      wall: Math.max(seen.wall, wall),
      blocked: Math.max(seen.blocked, blocked),
      cpu: Math.max(seen.cpu, next.cpu - last.cpu),
      longWalls: seen.longWalls + Number(wall > longMs),
      longBlocks: seen.longBlocks + Number(blocked > longMs),
    }
    last = next
  }
  setInterval(look, periodMs).unref()
  process.on('SIGUSR2', () => {
    writeFileSync(`${file}.new`, JSON.stringify(seen))
    renameSync(`${file}.new`, file)
    seen = none
    last = now()
  })
}

const { LOOP_DELAY_FILE } = process.env
if (isMainThread && LOOP_DELAY_FILE !== undefined) watch(LOOP_DELAY_FILE)
