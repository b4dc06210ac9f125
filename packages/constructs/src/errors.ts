/** Props that a construct cannot follow: all of them, so that one correction is enough. */
export class PropsError extends Error {
  override readonly name = 'PropsError'
  readonly code = 'PROPS_INVALID'
  /** Path of the construct in its app: `mesh/istio-cni`. */
  readonly constructPath: string
  /** One sentence each: the prop, what was expected, and what may have been meant. */
  readonly problems: readonly string[]

  constructor(constructPath: string, problems: readonly string[], options?: ErrorOptions) {
    const what = problems.length === 1 ? 'a prop' : `${problems.length} props`
    super(
      `${constructPath}: ${what} cannot be used:\n${problems.map((line) => `  ${line}`).join('\n')}`,
      options,
    )
    this.constructPath = constructPath
    this.problems = problems
  }
}
