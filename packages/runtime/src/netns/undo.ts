import { NetnsError } from './errors.ts'

/** How to take back what was done so far, last first, when a later step fails. */
export class UndoStack {
  readonly #steps: (() => void)[] = []

  push(step: () => void): void {
    this.#steps.push(step)
  }

  /**
   * Runs `work`; if it throws, takes everything back and throws the same error on. If that fails too, the error
   * is `not-restored` and names both.
   */
  guard<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      const failures = this.#takeBack()
      if (failures.length === 0) throw cause
      throw new NetnsError('not-restored', 'a change failed and could not be taken back', {
        detail: [cause, ...failures]
          .map((error) => (error instanceof Error ? error.message : String(error)))
          .join('; '),
        cause,
      })
    }
  }

  #takeBack(): unknown[] {
    const failures: unknown[] = []
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        step()
      } catch (error) {
        failures.push(error)
      }
    }
    return failures
  }
}
