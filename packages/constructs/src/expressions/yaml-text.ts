import { stringify } from 'yaml'

/** YAML in block style with sorted keys, as Go's encoder writes it, without a line break at the end. */
export const yamlText = (value: unknown): string =>
  stringify(value, { indentSeq: false, sortMapEntries: true, lineWidth: 0 }).trimEnd()
