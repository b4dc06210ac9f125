/** A pod is looked at once more shortly after it has joined: what starts it may still be changing its namespace. */
export class FirstLooks {
  readonly #look: (uid: string) => void
  readonly #afterMs: number
  readonly #timers = new Map<string, NodeJS.Timeout>()

  /** @param afterMs the joining; another one begins the time anew @default 3000 */
  constructor(look: (uid: string) => void, afterMs = 3_000) {
    this.#look = look
    this.#afterMs = afterMs
  }

  joined(uid: string): void {
    clearTimeout(this.#timers.get(uid))
    const timer = setTimeout(() => {
      this.#timers.delete(uid)
      this.#look(uid)
    }, this.#afterMs)
    timer.unref()
    this.#timers.set(uid, timer)
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
