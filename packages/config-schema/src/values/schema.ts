import type { JsonObject } from '../json.ts'

/** The chart's values.schema.json. */
export function valuesSchema(): JsonObject {
  return { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }
}
