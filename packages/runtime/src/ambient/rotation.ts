export type RotationOptions = Readonly<{
  intervalMs: number
  keys: () => readonly string[]
  visit: (key: string) => void
  /** After each round, with how many were visited. */
  roundEnded: (count: number) => void
}>

/** Visits everything once in an interval, spread evenly, so that a pass is never felt. */
export class Rotation {
  readonly #options: RotationOptions
  #round: string[] = []
  #size = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: RotationOptions) {
    this.#options = options
  }

  start(): void {
    this.#round = [...this.#options.keys()]
    this.#size = this.#round.length
    this.#next()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #next(): void {
    this.#timer = setTimeout(() => this.#tick(), this.#options.intervalMs / Math.max(1, this.#size))
    this.#timer.unref()
  }

  #tick(): void {
    const key = this.#round.pop()
    if (key !== undefined) this.#options.visit(key)
    if (this.#round.length > 0) this.#next()
    else {
      this.#options.roundEnded(this.#size)
      this.start()
    }
  }
}
