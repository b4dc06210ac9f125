import { type SettingProblem, SettingsError } from '../errors.ts'
import { pluginEntry } from '../plugin-entry.ts'
import { type SettingName, type Settings, settings as table } from '../settings/table.ts'
import { flagsOf, readArguments } from './arguments.ts'
import { type Environment, misspeltVariables, variablesOf } from './environment.ts'
import { resolveSetting, type SettingSource } from './resolve.ts'
import { readSettingFile } from './setting-file.ts'

export interface LoadOptions {
  readonly env: Environment
  /** The arguments behind the program's name. */
  readonly argv: readonly string[]
  /** Reads a whole file as text; throws when it cannot. By default from the file system, bounded. */
  readonly readFile?: (path: string) => string
}

export interface LoadedSettings {
  readonly settings: Settings
  readonly sources: { readonly [Name in SettingName]: SettingSource }
  /** Sentences for the log: things that are odd and no obstacle. */
  readonly warnings: readonly string[]
  /** Words of the command line that are no flags. */
  readonly command: readonly string[]
}

/**
 * The settings of this process: a flag beats a variable, which beats the default. `NAME_FILE` and `--name-file`
 * name a file that holds the value.
 * @throws {SettingsError} with every problem; nothing else.
 */
export function loadSettings({ env, argv, readFile = readSettingFile }: LoadOptions): LoadedSettings {
  const given = readArguments(argv)
  const problems: SettingProblem[] = [...given.problems]
  const warnings: string[] = [...given.warnings, ...misspeltVariables(env)]
  const values: [SettingName, unknown][] = []
  const sources: [SettingName, SettingSource][] = []
  for (const row of table) {
    const resolution = resolveSetting(row, flagsOf(row, given.flags), variablesOf(row, env), readFile)
    if ('problem' in resolution) {
      problems.push(resolution.problem)
      // So that the template, which is about others too, can be looked at all the same.
      values.push([row.name, row.default])
      continue
    }
    values.push([row.name, resolution.value])
    sources.push([row.name, resolution.source])
    if (resolution.warning !== undefined) warnings.push(resolution.warning)
  }
  const loaded: LoadedSettings = {
    settings: Object.fromEntries(values) as Settings,
    sources: Object.fromEntries(sources) as LoadedSettings['sources'],
    warnings,
    command: given.command,
  }
  problems.push(...templateProblems(loaded))
  if (problems.length > 0) throw new SettingsError(problems)
  return { ...loaded, warnings: [...warnings, ...contradictions(loaded.settings)] }
}

/** A template that yields no plugin configuration is found now, not when the node's file is written. */
function templateProblems({ settings, sources }: LoadedSettings): SettingProblem[] {
  try {
    pluginEntry(settings)
    return []
  } catch (cause) {
    if (!(cause instanceof SettingsError)) throw cause
    const source = sources.cniNetworkConfig
    const setting = source.from === 'default' ? 'CNI_NETWORK_CONFIG' : source.name
    return cause.problems.map((problem) => ({ ...problem, setting }))
  }
}

function contradictions(settings: Settings): string[] {
  const ignoresIptables = settings.nativeNftables && settings.forceIptablesBinary !== ''
  return ignoresIptables ? ['FORCE_IPTABLES_BINARY has no effect with NATIVE_NFTABLES'] : []
}
