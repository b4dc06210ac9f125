import { nodeOf } from '../../expressions/index.ts'

/** What a template produces, as far as it can be told without values. */
export type Kind = 'text' | 'number' | 'boolean' | 'list' | 'map' | 'unknown'

/** The kind of a template; that of a value is the kind of its default. */
export const kindOf = (template: unknown, defaults: object): Kind => {
  const node = nodeOf(template)
  if (node === undefined) return kindOfLiteral(template)
  switch (node.op) {
    case 'value':
      return kindOfLiteral(defaultAt(defaults, node.path))
    case 'release':
      return node.field === 'revision' ? 'number' : 'text'
    case 'chart':
    case 'text':
    case 'asText':
    case 'asYaml':
    case 'digest':
    case 'labelValue':
    case 'join':
      return 'text'
    case 'all':
    case 'any':
      return 'boolean'
    case 'not':
    case 'equals':
    case 'isOneOf':
    case 'matches':
    case 'contains':
      return 'boolean'
    case 'overlay':
    case 'withoutEmpty':
      return 'map'
    case 'comment':
    case 'named':
      return kindOf(node.of, defaults)
    case 'firstOf':
      return common(node.of.map((each) => kindOf(each, defaults)))
    case 'when':
      return common(
        [node.then, ...(node.otherwise === undefined ? [] : [node.otherwise])].map((each) =>
          kindOf(each, defaults),
        ),
      )
    case 'variable':
      return node.name.startsWith('key') ? 'text' : 'unknown'
    case 'each':
    case 'entries':
    case 'spread':
      return 'unknown'
  }
}

const common = (kinds: readonly Kind[]): Kind => {
  const [first, ...others] = kinds
  return first !== undefined && others.every((kind) => kind === first) ? first : 'unknown'
}

const kindOfLiteral = (literal: unknown): Kind => {
  switch (typeof literal) {
    case 'string':
      return 'text'
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'object':
      if (Array.isArray(literal)) return 'list'
      return literal === null ? 'unknown' : 'map'
    default:
      return 'unknown'
  }
}

const defaultAt = (defaults: object, path: string): unknown =>
  path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], defaults)
