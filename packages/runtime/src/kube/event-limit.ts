const burst = 20
const refillMs = 3_000
/** The kubelet tries a pod again every few seconds; its event is told that often at most. */
const repeatMs = 60_000
/** Events that are remembered, so that a repeated one is counted instead of told anew. */
const most = 256

/** An event that was told. */
export interface ToldEvent {
  /** Name of the object in the API. */
  readonly name: string
  readonly first: Date
  /** How often it happened, told or not. */
  count: number
  /** When it was last told, on the limit's clock. */
  at: number
}

/** Decides whether an event may be told now: a budget for all, and a pause for each. */
export class EventLimit {
  readonly #now: () => number
  readonly #told = new Map<string, ToldEvent>()
  #tokens = burst
  #refilled: number

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: () => number) {
    this.#now = now
    this.#refilled = now()
  }

  /** Counts the event; gives it when it may be told now, `isNew` if nobody was told before. */
  admit(
    key: string,
    create: () => { name: string; first: Date },
  ): { event: ToldEvent; isNew: boolean } | undefined {
    const now = this.#now()
    const known = this.#told.get(key)
    if (known !== undefined) {
      known.count += 1
      if (now - known.at < repeatMs || !this.#spend(now)) return undefined
      known.at = now
      return { event: known, isNew: false }
    }
    if (!this.#spend(now)) return undefined
    const event = { ...create(), count: 1, at: now }
    const oldest = this.#told.size >= most ? this.#told.keys().next().value : undefined
    if (oldest !== undefined) this.#told.delete(oldest)
    this.#told.set(key, event)
    return { event, isNew: true }
  }

  /** The event could not be told: the next one is told as if it were the first. */
  forget(key: string): void {
    this.#told.delete(key)
  }

  #spend(now: number): boolean {
    const refill = Math.floor((now - this.#refilled) / refillMs)
    if (refill > 0) {
      this.#tokens = Math.min(burst, this.#tokens + refill)
      this.#refilled += refill * refillMs
    }
    if (this.#tokens === 0) return false
    this.#tokens -= 1
    return true
  }
}
