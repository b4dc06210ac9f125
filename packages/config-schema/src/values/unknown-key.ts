import { nearest } from '../nearest.ts'
import type { ValueProblem } from './errors.ts'
import { model } from './model/model.ts'
import { isSection, type Members } from './model/row.ts'

/** Names that other charts have for ours. */
const USUAL_NAMES: Readonly<Record<string, string>> = {
  annotations: 'podAnnotations',
  extraEnv: 'env',
  imagePullPolicy: 'pullPolicy',
  labels: 'podLabels',
}

/** Where the chart keeps its own defaults, and where it did once. */
const DEFAULTS = ['_internal_defaults_do_not_set', 'defaults']

/** @param path where the key was found; '' is the root. */
export function unknownKey(key: string, members: Members, path: string): ValueProblem {
  const prefix = path === '' ? '' : `${path}.`
  if (path === '' && DEFAULTS.includes(key))
    return { path: key, expectation: 'its contents at the root instead' }
  const suggestion = usualName(key) ?? placeOf(key, model, '') ?? sibling(key, members, prefix)
  return {
    path: prefix + key,
    expectation: expectation(members),
    ...(suggestion === undefined ? {} : { suggestion }),
  }
}

function usualName(key: string): string | undefined {
  return Object.hasOwn(USUAL_NAMES, key) ? USUAL_NAMES[key] : undefined
}

function sibling(key: string, members: Members, prefix: string): string | undefined {
  const name = nearest(key, Object.keys(members))
  return name === undefined ? undefined : prefix + name
}

function expectation(members: Members): string {
  const names = Object.keys(members)
  return names.length > 12 ? 'a value that the chart has' : `one of ${names.join(', ')}`
}

/** Path of the value that has this name in another section. */
function placeOf(key: string, members: Members, prefix: string): string | undefined {
  if (Object.hasOwn(members, key)) return prefix + key
  for (const [name, entry] of Object.entries(members)) {
    const place = isSection(entry) ? placeOf(key, entry.members, `${prefix}${name}.`) : undefined
    if (place !== undefined) return place
  }
  return undefined
}
