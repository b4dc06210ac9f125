import { nodeOf } from '../../expressions/index.ts'

/** Where in a file a part of a template is printed. */
export interface Scope {
  /** Columns before the part; `nindent` needs to know them. */
  readonly indent: number
  readonly dotIsRoot: boolean
  /** The expression, as JSON, that `.` stands for. */
  readonly dot?: string
  /** Conditions, as JSON, that hold here: nothing needs to ask again. */
  readonly known: ReadonlySet<string>
  /** The keys that lead here: they name what has to be a template of its own. */
  readonly path: readonly string[]
}

export const fileScope: Scope = { indent: 0, dotIsRoot: true, known: new Set(), path: [] }

export const deeper = (scope: Scope, columns = 2): Scope => ({ ...scope, indent: scope.indent + columns })

export const at = (scope: Scope, key: string): Scope => ({ ...scope, path: [...scope.path, key] })

/** Inside `range`, `.` is the item; parts name it by its variable. */
export const inRange = ({ dot: _, ...scope }: Scope): Scope => ({ ...scope, dotIsRoot: false })

export const inWith = (scope: Scope, condition: unknown): Scope => ({
  ...knowing(scope, condition),
  dotIsRoot: false,
  dot: JSON.stringify(condition),
})

export const knows = (scope: Scope, condition: unknown): boolean => scope.known.has(JSON.stringify(condition))

export const knowing = (scope: Scope, condition: unknown): Scope => ({
  ...scope,
  known: new Set([...scope.known, ...implied(condition)]),
})

/** A condition, and what holds because of it. */
const implied = (condition: unknown): string[] => {
  const node = nodeOf(condition)
  const parts = node?.op === 'all' ? node.of.flatMap(implied) : []
  return [JSON.stringify(condition), ...parts]
}

export const line = (scope: Scope, text: string): string => `${' '.repeat(scope.indent)}${text}`
