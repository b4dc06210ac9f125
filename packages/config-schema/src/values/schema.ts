import { toJsonSchema } from '@valibot/to-json-schema'
import type { Json, JsonObject } from '../json.ts'
import { ownMembers } from './model/model.ts'
import { isSection, type Members, type Row, type Section } from './model/row.ts'
import { written } from './model/written.ts'

const DRAFT = 'http://json-schema.org/draft-07/schema#'

/**
 * The chart's values.schema.json: what parseValues takes, and the defaults that the chart itself carries under
 * `_internal_defaults_do_not_set`.
 */
export function valuesSchema(): JsonObject {
  const own = Object.fromEntries(
    Object.keys(ownMembers).map((key) => [key, { $ref: `#/definitions/cni/properties/${key}` }]),
  )
  const { cni, global: globals, ...rest } = written
  const others = Object.fromEntries(Object.entries(rest).filter(([key]) => !Object.hasOwn(ownMembers, key)))
  return {
    $schema: DRAFT,
    title: 'Values of the chart istio-cni',
    definitions: { cni: sectionSchema(cni), global: sharedSchema(globals) },
    ...objectOf({
      // Any: with --reuse-values Helm gives the defaults of an earlier version, or of the original's chart.
      _internal_defaults_do_not_set: {
        description: "The chart's own defaults. Write values at the root instead.",
        type: 'object',
      },
      cni: { $ref: '#/definitions/cni' },
      global: { $ref: '#/definitions/global' },
      ...own,
      ...properties(others),
    }),
  }
}

/** The list of names is there for Helm's message, which does not tell them otherwise. */
function objectOf(known: Readonly<Record<string, Json>>): JsonObject {
  const names = Object.keys(known)
  return { type: 'object', additionalProperties: false, propertyNames: { enum: names }, properties: known }
}

function sectionSchema({ description, members }: Section): JsonObject {
  return { description, ...orNull(objectOf(properties(members))) }
}

/** In a chart of charts, others share their values in the same place: the schema cannot tell which chart is the first. */
function sharedSchema({ description, members }: Section): JsonObject {
  return { description, ...orNull({ type: 'object', properties: properties(members) }) }
}

/** Null says nothing: so does a key without a value in YAML, and a variable of Terraform that is not set. */
function orNull({ type, enum: words, anyOf, ...rest }: JsonObject): JsonObject {
  return {
    ...(type === undefined ? {} : { type: [type, 'null'] }),
    ...(Array.isArray(words) ? { enum: [...words, null] } : {}),
    ...(Array.isArray(anyOf) ? { anyOf: [...anyOf, { type: 'null' }] } : {}),
    ...rest,
  }
}

function properties(members: Members): Record<string, Json> {
  const entries = Object.entries(members).map(
    ([key, entry]) => [key, isSection(entry) ? sectionSchema(entry) : rowSchema(entry)] as const,
  )
  return Object.fromEntries(entries)
}

function rowSchema({ schema, description, default: byDefault, effect, deprecated }: Row): JsonObject {
  const { $schema, ...converted } = toJsonSchema(schema) as unknown as JsonObject
  const hint = deprecated === undefined ? '' : ` Write ${deprecated} instead.`
  const none = effect === 'none' ? ' Without effect.' : ''
  return {
    description: `${description}${hint}${none}`,
    ...(byDefault === undefined ? {} : { default: byDefault as Json }),
    ...orNull(converted),
  }
}
