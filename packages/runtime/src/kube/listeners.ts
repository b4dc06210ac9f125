import type { Logger } from 'pino'

/** Whoever wants to be told of changes. */
export class Listeners<T> {
  readonly #log: Logger
  readonly #listeners: ((change: T) => void)[] = []

  constructor(log: Logger) {
    this.#log = log
  }

  add(listener: (change: T) => void): void {
    this.#listeners.push(listener)
  }

  /** Never throws: one listener's fault is no other's, nor that of what is followed. */
  tell(change: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(change)
      } catch (err) {
        this.#log.error({ err }, 'a change in the cluster was not dealt with')
      }
    }
  }
}
