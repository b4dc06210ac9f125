import * as v from 'valibot'

// valibot takes an array for an object with the keys 0, 1, 2 …; JSON schema and Kubernetes do not.

/** An object with these keys alone. */
export function object<const Entries extends v.ObjectEntries>(entries: Entries, expectation: string) {
  return notArray(v.strictObject(entries, expectation))
}

/** An object with any keys of one kind. */
export function map<
  Key extends v.GenericSchema<string, string | number | symbol>,
  Value extends v.GenericSchema,
>(key: Key, value: Value, expectation: string) {
  return notArray(v.record(key, value, expectation))
}

function notArray<Schema extends v.GenericSchema>(schema: Schema): Schema {
  return {
    ...schema,
    '~run'(dataset, config) {
      if (!Array.isArray(dataset.value)) return schema['~run'](dataset, config)
      v._addIssue(schema, 'type', dataset, config)
      return { ...dataset, typed: false } as unknown as v.OutputDataset<unknown, v.BaseIssue<unknown>>
    },
  }
}
