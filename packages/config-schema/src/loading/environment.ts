import { nearest } from '../nearest.ts'
import { type AnySetting, settings } from '../settings/table.ts'
import type { Given, Occurrences } from './given.ts'

/** A process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Kubernetes sets several for every Service of the namespace. */
const SERVICE_LINK = /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP|SCTP)(_|$)/

/** What the environment says about a setting. An empty `_FILE` variable says nothing. */
export function variablesOf(row: AnySetting, env: Environment): Occurrences {
  const names = variableNames(row)
  const all = (suffix: string): Given[] =>
    names.flatMap((name) => {
      const text = env[`${name}${suffix}`]
      return text === undefined ? [] : [{ name: `${name}${suffix}`, text }]
    })
  const direct = all('')
  const filled = (given: Given): boolean => given.text !== ''
  return { direct: direct.find(filled) ?? direct[0], file: all('_FILE').find(filled) }
}

/** Variables that are probably meant to be one of ours. Unknown variables as such are no mistake. */
export function misspeltVariables(env: Environment): string[] {
  const names = settings.flatMap((row) => variableNames(row).flatMap((name) => [name, `${name}_FILE`]))
  const known = new Set(names)
  return Object.keys(env).flatMap((name) => {
    if (known.has(name) || name.length < 6 || name.length > 60 || SERVICE_LINK.test(name)) return []
    const meant = nearest(name, known, name.length < 10 ? 1 : 2)
    return meant === undefined ? [] : [`${name} is no setting; did you mean ${meant}?`]
  })
}

function variableNames(row: AnySetting): readonly string[] {
  return [row.env, ...(row.aliases ?? [])]
}
