export type BacklogOptions = Readonly<{
  /** Looks at one key; `again` when something is left that time may bring. */
  work: (key: string, item: Readonly<{ verify: boolean; failures: number }>) => Promise<'done' | 'again'>
  /** Keys that are worked on at a time. @default 4 */
  parallel?: number
  /** Milliseconds in which changes of one key are gathered. @default 20 */
  gatherMs?: number
  /** Milliseconds before the second attempt; doubled with each, up to the longest. @default 100 and 5000 */
  shortestRetryMs?: number
  longestRetryMs?: number
}>

type Item = { verify: boolean; failures: number; timer: NodeJS.Timeout | undefined; state: 'waits' | 'due' }

/** Keys that have to be looked at: each once however often it is added, again with a back-off, a few at a time. */
export class Backlog {
  readonly #options: BacklogOptions
  readonly #items = new Map<string, Item>()
  readonly #due: string[] = []
  readonly #running = new Set<string>()
  #isClosed = false

  constructor(options: BacklogOptions) {
    this.#options = options
  }

  /** @param verify look at the kernel too, even if nothing seems to have changed */
  add(key: string, { verify = false, delayMs = this.#options.gatherMs ?? 20 } = {}): void {
    const item = this.#items.get(key)
    this.#schedule(key, verify || item?.verify === true, item?.failures ?? 0, delayMs)
  }

  /** How many keys wait or are worked on. */
  get size(): number {
    return this.#items.size + this.#running.size
  }

  close(): void {
    this.#isClosed = true
    for (const { timer } of this.#items.values()) clearTimeout(timer)
    this.#items.clear()
    this.#due.length = 0
  }

  #schedule(key: string, verify: boolean, failures: number, delayMs: number): void {
    if (this.#isClosed) return
    const item = this.#items.get(key)
    if (item?.state === 'due') {
      item.verify ||= verify
      return
    }
    clearTimeout(item?.timer)
    const timer = setTimeout(() => this.#isDue(key), delayMs)
    timer.unref()
    this.#items.set(key, { verify, failures, timer, state: 'waits' })
  }

  #isDue(key: string): void {
    const item = this.#items.get(key)
    if (item === undefined) return
    item.state = 'due'
    this.#due.push(key)
    this.#start()
  }

  #start(): void {
    while (this.#running.size < (this.#options.parallel ?? 4)) {
      const index = this.#due.findIndex((key) => !this.#running.has(key))
      const [key] = index < 0 ? [] : this.#due.splice(index, 1)
      if (key === undefined) return
      void this.#run(key)
    }
  }

  async #run(key: string): Promise<void> {
    const { verify = false, failures = 0 } = this.#items.get(key) ?? {}
    this.#items.delete(key)
    this.#running.add(key)
    let result: 'done' | 'again' = 'again'
    try {
      result = await this.#options.work(key, { verify, failures })
    } catch {
      // What went wrong is the work's to tell; the key is not forgotten for it.
    } finally {
      this.#running.delete(key)
      if (result === 'again') this.#retry(key, verify, failures + 1)
      // The loop gets its turn between two keys, however many there are.
      setImmediate(() => this.#start())
    }
  }

  #retry(key: string, verify: boolean, failures: number): void {
    const { shortestRetryMs = 100, longestRetryMs = 5_000 } = this.#options
    const delayMs = Math.min(longestRetryMs, shortestRetryMs * 2 ** Math.min(failures - 1, 16))
    const item = this.#items.get(key)
    if (item === undefined) this.#schedule(key, verify, failures, delayMs)
    else Object.assign(item, { failures, verify: item.verify || verify })
  }
}
