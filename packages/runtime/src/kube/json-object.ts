export type JsonRecord = Readonly<Record<string, unknown>>

/** The object, or an empty one when it is anything else: what an API server says is looked at, never trusted. */
export function objectIn(value: unknown): JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : {}
}

/** The member if it is a string. */
export function textIn(record: JsonRecord, key: string): string | undefined {
  const value = Object.hasOwn(record, key) ? record[key] : undefined
  return typeof value === 'string' ? value : undefined
}

/** The member if it is an object, else an empty one. */
export function memberIn(record: JsonRecord, key: string): JsonRecord {
  return objectIn(Object.hasOwn(record, key) ? record[key] : undefined)
}

/** The member if it is a list, else an empty one. */
export function listIn(record: JsonRecord, key: string): readonly unknown[] {
  const value = Object.hasOwn(record, key) ? record[key] : undefined
  return Array.isArray(value) ? value : []
}
