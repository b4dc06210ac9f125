import { NetnsError } from './errors.ts'

/** How long a job may still take. */
export class Deadline {
  readonly #end: number

  /** `milliseconds` from now on. */
  constructor(milliseconds: number) {
    this.#end = performance.now() + milliseconds
  }

  /** What is left, at least 1; throws `deadline` when nothing is. */
  milliseconds(): number {
    const left = Math.floor(this.#end - performance.now())
    if (left < 1) throw new NetnsError('deadline', 'the time for this network namespace is over')
    return left
  }
}
