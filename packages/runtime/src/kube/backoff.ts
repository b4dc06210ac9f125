/** Waits for `ms`, less when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

const shortestMs = 500
const longestMs = 30_000

/** Delays between attempts: doubled each time, with jitter so that the agents of a cluster do not come together. */
export class Backoff {
  readonly #random: () => number
  #attempts = 0

  /** @param random gives 0 to 1 */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Milliseconds before the next attempt. */
  next(): number {
    const full = Math.min(longestMs, shortestMs * 2 ** this.#attempts)
    if (full < longestMs) this.#attempts += 1
    return Math.round(full * (0.5 + this.#random() / 2))
  }

  reset(): void {
    this.#attempts = 0
  }
}
