export type RotationOptions = Readonly<{
  intervalMs: number
  keys: () => readonly string[]
  visit: (key: string) => void
  /** After each interval. */
  roundEnded: () => void
  /** Milliseconds from any beginning. @default performance.now */
  now?: () => number
}>

/** Looks at the clock in an interval beyond those that each visit something. */
const spare = 2
/** Looks at the clock in an interval at least: that late a key is noticed that has joined. */
const fewest = 12

/**
 * Visits everything within an interval of its last visit or of its joining: one after another, so that a pass is
 * never felt, and no earlier than that needs.
 */
export class Rotation {
  readonly #options: RotationOptions
  readonly #now: () => number
  /** When each was visited, or joined; the oldest first. */
  readonly #seen = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #round: NodeJS.Timeout | undefined

  constructor(options: RotationOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  start(): void {
    this.#update()
    this.#next()
    this.#round = setInterval(this.#options.roundEnded, this.#options.intervalMs)
    this.#round.unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    clearInterval(this.#round)
  }

  get #gap(): number {
    return this.#options.intervalMs / Math.max(fewest, this.#seen.size + spare)
  }

  #next(): void {
    this.#timer = setTimeout(() => this.#tick(), this.#gap)
    this.#timer.unref()
  }

  #tick(): void {
    this.#update()
    const [oldest] = this.#seen
    // With one visit at a time the last of all must still be in time.
    const latest = this.#options.intervalMs - this.#seen.size * this.#gap
    if (oldest !== undefined && this.#now() - oldest[1] >= latest) this.#visit(oldest[0])
    this.#next()
  }

  #visit(key: string): void {
    this.#seen.delete(key)
    this.#seen.set(key, this.#now())
    this.#options.visit(key)
  }

  /** Forgets what has gone; what is new has joined since the clock was last looked at. */
  #update(): void {
    const keys = new Set(this.#options.keys())
    const since = this.#now() - this.#gap
    for (const key of this.#seen.keys()) if (!keys.has(key)) this.#seen.delete(key)
    for (const key of keys) if (!this.#seen.has(key)) this.#seen.set(key, since)
  }
}
