// A line between the agent and the API server that loses nothing and is slow.
import { readFile, rm, writeFile } from 'node:fs/promises'
import type { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { inState, nodeIdentity } from './layout.ts'
import { logFile, start, stop } from './processes.ts'

/** How long bytes take, and how many of a connection arrive in a second. */
export interface Pace {
  readonly delayMs: number
  readonly bytesPerSecond: number
}

export const paces = {
  usual: { delayMs: 0, bytesPerSecond: 1 << 30 },
  /** A request is answered within a second or two. */
  slow: { delayMs: 200, bytesPerSecond: 1 << 30 },
  /** Bytes arrive all the time, and no answer is complete before anybody's deadline. */
  crawling: { delayMs: 0, bytesPerSecond: 20 },
} as const satisfies Record<string, Pace>

const program = `${import.meta.dirname}/programs/slow-line.ts`
const paceFile = inState('pace.json')

/** Runs on the node; whoever takes {@link SlowConnection.port} for the API server's has it at the pace that was set. */
export class SlowConnection {
  readonly port = 6443
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async start(): Promise<void> {
    await this.set(paces.usual)
    const line = [String(this.port), String(nodeIdentity.apiPort), nodeIdentity.apiAddress, paceFile]
    await start('slow-line', [process.execPath, program, ...line], this.#cluster.environment)
    await until('the slow line is there', async () =>
      (await readFile(logFile('slow-line'), 'utf8')).includes('listening'),
    )
  }

  /** Holds from now on, for bytes that are on their way too. */
  async set(pace: Pace): Promise<void> {
    await writeFile(paceFile, JSON.stringify(pace))
  }

  async stop(): Promise<void> {
    await stop('slow-line', 'KILL')
    await rm(paceFile, { force: true })
  }
}
