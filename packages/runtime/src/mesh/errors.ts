import { quoted } from './quoted.ts'

/** One annotation that can't be understood. */
export type AnnotationProblem = Readonly<{ annotation: string; value: string; expected: string }>

/** A pod that can't be redirected as its annotations ask. Lists every bad annotation of the pod. */
export class AnnotationError extends Error {
  override readonly name = 'AnnotationError'
  readonly code = 'BAD_ANNOTATION'
  readonly pod: string
  readonly problems: readonly AnnotationProblem[]

  constructor(pod: string, problems: readonly AnnotationProblem[]) {
    const told = problems.map(
      ({ annotation, value, expected }) => `${annotation} is ${quoted(value)}; expected: ${expected}`,
    )
    super(`pod ${pod} can't be redirected: ${told.join('; ')}`)
    this.pod = pod
    this.problems = problems
  }
}

/** A pod manifest that can't be read: names the field and what was expected there. */
export class PodManifestError extends Error {
  override readonly name = 'PodManifestError'
  readonly code = 'BAD_POD_MANIFEST'
  readonly field: string

  constructor(field: string, expected: string) {
    super(`pod manifest: field ${quoted(field)}: expected ${expected}`)
    this.field = field
  }
}
