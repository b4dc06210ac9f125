import { isObject } from '../json.ts'
import { ValuesError } from './errors.ts'
import type { ValuesInput } from './values.ts'

/**
 * Reads what a user wrote, as from a file of values.
 * @throws {ValuesError} with every value that cannot be used.
 */
export function parseValues(input: unknown): ValuesInput {
  if (!isObject(input)) throw new ValuesError([{ path: 'values', value: input, expectation: 'an object' }])
  return input as ValuesInput
}
