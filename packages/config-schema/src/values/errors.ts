import { shown } from '../shown.ts'

/** One value that cannot be used. */
export interface ValueProblem {
  /** As in `--set`: `cni.ambient.enabled`, `tolerations[0].operator`. */
  readonly path: string
  /** What was given; absent when the key itself is the problem. */
  readonly value?: unknown
  /** Completes the sentence "expected …"; the known names when the key is the problem. */
  readonly expectation: string
  /** What was probably meant. */
  readonly suggestion?: string
}

/** Values that cannot be used: all of them, so that one correction is enough. */
export class ValuesError extends Error {
  override readonly name = 'ValuesError'
  readonly code = 'VALUES_INVALID'
  readonly problems: readonly ValueProblem[]

  constructor(problems: readonly ValueProblem[]) {
    const lines = problems.map((problem) => `\n  ${sentence(problem)}`)
    super(`${problems.length === 1 ? 'a value' : 'values'} cannot be used:${lines.join('')}`)
    this.problems = problems
  }
}

function sentence(problem: ValueProblem): string {
  const given = 'value' in problem ? `=${shown(problem.value)}` : ''
  const hint = problem.suggestion === undefined ? '' : `; did you mean ${problem.suggestion}?`
  return `${problem.path}${given}: expected ${problem.expectation}${hint}`
}
