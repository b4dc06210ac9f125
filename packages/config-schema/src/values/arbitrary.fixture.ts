import fc from 'fast-check'
import type { GenericSchema } from 'valibot'
import { isSection, type Members } from './model/row.ts'
import { written } from './model/written.ts'
import type { ValuesInput } from './values.ts'

/** Any values that a user may write, without those of other charts. */
export function anyValues(): fc.Arbitrary<ValuesInput> {
  return anyOf(written, (value) => value) as fc.Arbitrary<ValuesInput>
}

/** The same as a file may have them: null in the place of some, at any depth. */
export function anyFile(): fc.Arbitrary<unknown> {
  const none = { weight: 1, arbitrary: fc.constant(null) }
  return anyOf(written, (arbitrary) => fc.oneof({ weight: 9, arbitrary }, none))
}

/** The one key that is refused wherever it stands: cdk8s loses it. */
const REFUSED = '__proto__'

type Change = (value: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown>

function anyOf(members: Members, change: Change): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const known = Object.entries(members).filter(
    ([, entry]) => isSection(entry) || entry.schema.type !== 'unknown',
  )
  const arbitraries = known.map(
    ([key, entry]) =>
      [key, change(isSection(entry) ? anyOf(entry.members, change) : of(entry.schema))] as const,
  )
  return fc.record(Object.fromEntries(arbitraries), { requiredKeys: [], noNullPrototype: true })
}

/** What valibot's schemas consist of; each has some of it. */
interface Parts {
  readonly pipe: readonly { readonly type: string; readonly requirement: unknown }[]
  readonly options: readonly unknown[]
  readonly literal: unknown
  readonly entries: Readonly<Record<string, GenericSchema>>
  readonly item: GenericSchema
  readonly key: GenericSchema
  readonly value: GenericSchema
  readonly wrapped: GenericSchema
}

function of(schema: GenericSchema): fc.Arbitrary<unknown> {
  const parts = schema as unknown as Parts
  const requirement = (type: string) => (parts.pipe ?? []).find((action) => action.type === type)?.requirement
  switch (schema.type) {
    case 'boolean':
      return fc.boolean()
    case 'string':
      return text(requirement('regex') as RegExp | undefined)
    case 'number':
      return fc.integer({
        min: (requirement('min_value') as number | undefined) ?? -1000,
        max: (requirement('max_value') as number | undefined) ?? 1e9,
      })
    case 'literal':
      return fc.constant(parts.literal)
    case 'picklist':
      return fc.constantFrom(...parts.options)
    case 'array':
      return fc.array(of(parts.item), {
        minLength: (requirement('min_length') as number | undefined) ?? 0,
        maxLength: (requirement('max_length') as number | undefined) ?? 3,
      })
    case 'record':
      return fc.dictionary(
        (of(parts.key) as fc.Arbitrary<string>).filter((key) => key !== REFUSED),
        of(parts.value),
        { maxKeys: 3, noNullPrototype: true },
      )
    case 'strict_object':
      return object(parts.entries)
    case 'optional':
      return of(parts.wrapped)
    case 'nullable':
      return fc.oneof(
        { weight: 4, arbitrary: of(parts.wrapped) },
        { weight: 1, arbitrary: fc.constant(null) },
      )
    case 'union':
      return fc.oneof(...parts.options.map((option) => of(option as GenericSchema)))
    default:
      return fc.jsonValue({ maxDepth: 1 }).filter((value) => !JSON.stringify(value).includes(REFUSED))
  }
}

function text(pattern: RegExp | undefined): fc.Arbitrary<string> {
  return pattern === undefined ? fc.string({ maxLength: 12 }) : fc.stringMatching(pattern)
}

function object(entries: Readonly<Record<string, GenericSchema>>): fc.Arbitrary<object> {
  const required = Object.keys(entries).filter((key) => entries[key]?.type !== 'optional')
  const arbitraries = Object.entries(entries).map(([key, schema]) => [key, of(schema)] as const)
  return fc.record(Object.fromEntries(arbitraries), { requiredKeys: required, noNullPrototype: true })
}
