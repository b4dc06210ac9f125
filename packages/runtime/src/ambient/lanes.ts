/** Work of one key runs one after another, in the order in which it came; that of different keys side by side. */
export class Lanes {
  readonly #last = new Map<string, Promise<unknown>>()

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(work)
    const settled = result.catch(() => undefined)
    this.#last.set(key, settled)
    void settled.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key)
    })
    return result
  }

  /** Resolves when everything that has been given so far is done. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values())
  }
}
