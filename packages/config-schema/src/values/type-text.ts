import type { GenericSchema } from 'valibot'

/** The word for what a schema takes, for the reference. */
export function typeText(schema: GenericSchema): string {
  const parts = schema as unknown as Parts
  switch (schema.type) {
    case 'string':
      return 'text'
    case 'number':
      return 'number'
    case 'picklist':
      return parts.options.filter((word) => word !== '').join(', ')
    case 'literal':
      return String(parts.literal)
    case 'array':
      return `list of ${typeText(parts.item)}`
    case 'record':
      return `map to ${typeText(parts.value)}`
    case 'strict_object':
      return 'object'
    case 'nullable':
      return typeText(parts.wrapped)
    case 'union':
      return parts.options.map((option) => typeText(option as GenericSchema)).join(' or ')
    case 'unknown':
      return 'anything'
    default:
      return schema.type
  }
}

/** What valibot's schemas have besides their type; each has some of it. */
interface Parts {
  readonly options: readonly unknown[]
  readonly literal: unknown
  readonly item: GenericSchema
  readonly value: GenericSchema
  readonly wrapped: GenericSchema
}
