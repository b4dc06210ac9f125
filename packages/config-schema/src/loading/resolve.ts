import type { SettingProblem } from '../errors.ts'
import { InvalidValue } from '../kinds/kind.ts'
import type { AnySetting } from '../settings/table.ts'
import type { Given, Occurrences } from './given.ts'
import { LONGEST_SETTING } from './setting-file.ts'

/** Where a setting's value comes from; `name` is the flag, the variable or the file. */
export type SettingSource =
  | { readonly from: 'default' }
  | { readonly from: 'env' | 'file' | 'flag'; readonly name: string }

type Resolved = { readonly value: unknown; readonly source: SettingSource; readonly warning?: string }
export type Resolution = Resolved | { readonly problem: SettingProblem }

type ReadFile = (path: string) => string

/** The value of one setting: a flag beats a variable beats the default. */
export function resolveSetting(
  row: AnySetting,
  flags: Occurrences,
  variables: Occurrences,
  readFile: ReadFile,
): Resolution {
  if (flags.direct || flags.file) return resolveFrom(row, 'flag', flags, readFile)
  if (variables.direct || variables.file) return resolveFrom(row, 'env', variables, readFile)
  return defaultOf(row, readFile)
}

function resolveFrom(
  row: AnySetting,
  from: 'env' | 'flag',
  { direct, file }: Occurrences,
  readFile: ReadFile,
): Resolution {
  if (direct && file && direct.text !== '') {
    return { problem: { setting: `${direct.name} and ${file.name}`, expectation: 'only one of the two' } }
  }
  if (file) return fromFile(row, file, readFile)
  if (!direct) return defaultOf(row, readFile)
  if (from === 'env' && isServiceLink(row, direct.text)) {
    const warning = `${direct.name} was set by Kubernetes for a Service of that name and is ignored`
    return { value: row.default, source: { from: 'default' }, warning }
  }
  if (direct.text.trim() === '' && !row.kind.emptyIsValue) return defaultOf(row, readFile)
  return parsed(row, direct.name, direct.text, { from, name: direct.name }, row.secret ?? false)
}

function fromFile(row: AnySetting, file: Given, readFile: ReadFile): Resolution {
  try {
    const content = readFile(file.text).replace(/[\r\n]+$/, '')
    // A file may be a mounted secret, if only by mistake: its content is never shown.
    return parsed(row, file.name, content, { from: 'file', name: file.name }, true)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown reason'
    const expectation = `a file that can be read (${reason.slice(0, 200)})`
    return { problem: { setting: file.name, value: file.text, expectation } }
  }
}

function parsed(
  row: AnySetting,
  name: string,
  text: string,
  source: SettingSource,
  isSecret: boolean,
): Resolution {
  const given = isSecret ? {} : { value: text }
  if (Buffer.byteLength(text) > LONGEST_SETTING) {
    return { problem: { setting: name, ...given, expectation: `at most ${LONGEST_SETTING} bytes` } }
  }
  try {
    return { value: row.kind.parse(text), source }
  } catch (cause) {
    if (!(cause instanceof InvalidValue)) throw cause
    const hint = isSecret || cause.suggestion === undefined ? {} : { suggestion: cause.suggestion }
    return { problem: { setting: name, ...given, expectation: cause.message, ...hint } }
  }
}

function defaultOf(row: AnySetting, readFile: ReadFile): Resolved {
  if (row.defaultFile !== undefined) {
    try {
      const value = row.kind.parse(readFile(row.defaultFile))
      return { value, source: { from: 'file', name: row.defaultFile } }
    } catch {
      // Not in a pod, or nothing sensible in it: the fixed default is as good as it gets.
    }
  }
  return { value: row.default, source: { from: 'default' } }
}

/** Kubernetes sets NAME_PORT=tcp://… for every Service NAME of the namespace, whether we want that or not. */
function isServiceLink(row: AnySetting, text: string): boolean {
  return row.kind.type === 'port' && /^(tcp|udp|sctp):\/\//.test(text)
}
