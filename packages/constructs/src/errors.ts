import { type ValueProblem, ValuesError } from '@istio-install-cni/config-schema'

/** Props that a construct cannot follow: all of them, so that one correction is enough. */
export class PropsError extends Error {
  override readonly name = 'PropsError'
  readonly code = 'PROPS_INVALID'
  /** Path of the construct in its app, `mesh/istio-cni`; the class for what is no construct. */
  readonly where: string
  readonly problems: readonly ValueProblem[]

  constructor(where: string, problems: readonly ValueProblem[]) {
    super(`${where}: ${new ValuesError(problems).message.replace(/^(a )?value/, '$1prop')}`)
    this.where = where
    this.problems = problems
  }
}
