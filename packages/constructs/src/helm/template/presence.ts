import { type Expression, type Node, nodeOf, TemplateError } from '../../expressions/index.ts'

/** When a template produces something: always, never, or when a condition holds. */
export type Presence = 'always' | 'never' | Expression<unknown>

/** The rule of `evaluate`: a list or map that had something and has nothing left is absent. */
export const presenceOf = (template: unknown): Presence => {
  const node = nodeOf(template)
  if (node !== undefined) return presenceOfNode(node)
  if (template === undefined) return 'never'
  if (typeof template !== 'object' || template === null) return 'always'
  const parts: unknown[] = Array.isArray(template) ? template : Object.values(template)
  return parts.length === 0 ? 'always' : anyOf(parts.map(presenceOf))
}

const presenceOfNode = (node: Node): Presence => {
  switch (node.op) {
    case 'comment':
    case 'named':
      return presenceOf(node.of)
    case 'when': {
      const condition = node.condition as Expression<unknown>
      const [then, otherwise] = [presenceOf(node.then), presenceOf(node.otherwise)]
      if (then === otherwise) return then
      return anyOf([allOf([condition, then]), allOf([negated(condition), otherwise])])
    }
    case 'spread':
      return node.list as Expression<unknown>
    case 'each':
      return ofEach(node.list, node.body)
    case 'entries':
      return ofEach(node.map, node.body)
    default:
      return 'always'
  }
}

const ofEach = (of: unknown, body: unknown): Presence => {
  if (presenceOf(body) === 'always') return of as Expression<unknown>
  throw new TemplateError(
    'TEMPLATE_NOT_PRINTABLE',
    'A list that may turn out empty has an each or entries whose item may be absent: Helm could not tell in advance',
  )
}

const anyOf = (of: readonly Presence[]): Presence => {
  if (of.includes('always')) return 'always'
  const conditions = distinct(of.filter((each) => each !== 'never' && each !== 'always'))
  const [first, ...others] = conditions
  if (first === undefined) return 'never'
  return others.length === 0 ? first : { $expression: { op: 'any', of: conditions } }
}

const allOf = (of: readonly Presence[]): Presence => {
  if (of.includes('never')) return 'never'
  const conditions = distinct(of.filter((each) => each !== 'always' && each !== 'never'))
  const [first, ...others] = conditions
  if (first === undefined) return 'always'
  return others.length === 0 ? first : { $expression: { op: 'all', of: conditions } }
}

const distinct = (conditions: readonly Expression<unknown>[]): Expression<unknown>[] => [
  ...new Map(conditions.map((condition) => [JSON.stringify(condition), condition])).values(),
]

const negated = (condition: Expression<unknown>): Expression<boolean> => ({
  $expression: { op: 'not', of: condition },
})
