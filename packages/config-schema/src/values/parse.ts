import * as v from 'valibot'
import { isObject } from '../json.ts'
import { nearest } from '../nearest.ts'
import { type ValueProblem, ValuesError } from './errors.ts'
import { isSection, type Members } from './model/row.ts'
import { written } from './model/written.ts'
import { unplain } from './plain.ts'
import { unknownKey } from './unknown-key.ts'
import type { ValuesInput } from './values.ts'

/**
 * Reads what a user wrote, as from a file of values. Nothing is added or changed. Null, in the place of any value, is
 * none.
 * @throws {ValuesError} with every value that cannot be used.
 */
export function parseValues(input: unknown): ValuesInput {
  const strange = [...unplain(input, '')]
  const known = problemsOf(written, input, '').filter(
    ({ path }) => !strange.some((each) => isAtOrBelow(path, each.path)),
  )
  const problems = [...strange, ...known]
  if (problems.length > 0) throw new ValuesError(problems)
  return input as ValuesInput
}

function problemsOf(members: Members, given: unknown, path: string): ValueProblem[] {
  if (!isObject(given)) return [{ path: path || 'the values', value: given, expectation: 'an object' }]
  return Object.entries(given).flatMap(([key, value]) => {
    const place = path === '' ? key : `${path}.${key}`
    const entry = Object.hasOwn(members, key) ? members[key] : undefined
    if (value === undefined) return []
    if (entry === undefined) return [unknownKey(key, members, path)]
    if (value === null) return []
    return isSection(entry) ? problemsOf(entry.members, value, place) : invalid(entry.schema, value, place)
  })
}

function invalid(schema: v.GenericSchema, given: unknown, path: string): ValueProblem[] {
  const { issues = [] } = v.safeParse(schema, given)
  return issues.map((issue) => {
    const place = (issue.path ?? []).reduce((parent, { key }) => placeOf(parent, key), path)
    const meant = wordMeant(issue)
    const problem = {
      path: place,
      expectation: issue.message,
      ...(meant === undefined ? {} : { suggestion: meant }),
    }
    // These may carry credentials: environment variables; who takes a login for the name of a pull secret.
    return /(^|\.)(env|imagePullSecrets)\b/.test(path)
      ? problem
      : { ...problem, value: issue.path?.at(-1)?.value ?? issue.input }
  })
}

/** Of a few words, the one that was probably meant. */
function wordMeant({ type, expected, input }: v.BaseIssue<unknown>): string | undefined {
  if (type !== 'picklist' || typeof input !== 'string') return undefined
  return nearest(
    input,
    [...(expected ?? '').matchAll(/"([^"]*)"/g)].map(([, word = '']) => word),
  )
}

function isAtOrBelow(path: string, place: string): boolean {
  return path === place || (path.startsWith(place) && /^[.[]/.test(path.slice(place.length)))
}

function placeOf(parent: string, key: unknown): string {
  return typeof key === 'number' ? `${parent}[${key}]` : `${parent}.${String(key)}`
}
