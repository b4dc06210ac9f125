import { parseArgs } from 'node:util'
import type { SettingProblem } from '../errors.ts'
import { boolean } from '../kinds/boolean.ts'
import { nearest } from '../nearest.ts'
import { flagOf } from '../settings/setting.ts'
import { type AnySetting, settings } from '../settings/table.ts'
import { WITHOUT_EFFECT } from '../settings/without-effect.ts'
import type { Given, Occurrences } from './given.ts'

/** A command line taken apart. */
export interface Arguments {
  readonly flags: ReadonlyMap<string, Given>
  readonly command: readonly string[]
  readonly problems: readonly SettingProblem[]
  readonly warnings: readonly string[]
}

type Options = Record<string, { type: 'boolean' | 'string'; short?: string }>

/** Words that are no flags; --help and --version count as the words `help` and `version`. Never throws. */
export function commandOf(argv: readonly string[]): readonly string[] {
  return readArguments(argv).command
}

/** Takes a command line apart; `-` and `_` are the same in names of flags, of a repeated flag the last counts. */
export function readArguments(argv: readonly string[]): Arguments {
  const flags = new Map<string, Given>()
  const command: string[] = []
  const problems: SettingProblem[] = []
  const warnings: string[] = []
  const options = knownOptions()
  const { tokens } = parseArgs({
    args: withDashes(argv),
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  let switchBefore: string | undefined
  for (const token of tokens) {
    const bareSwitch = switchBefore
    switchBefore = undefined
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      if (bareSwitch !== undefined && isBoolean(token.value)) {
        problems.push({
          setting: bareSwitch,
          expectation: 'its value after "="',
          suggestion: `${bareSwitch}=${token.value}`,
        })
      } else {
        command.push(token.value)
      }
      continue
    }
    const { name, rawName, value, inlineValue } = token
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (option === undefined) {
      problems.push(unknownFlag(name, rawName, options))
    } else if (name === 'help' || name === 'version') {
      command.unshift(name)
    } else if (name in WITHOUT_EFFECT.flags) {
      const because = WITHOUT_EFFECT.flags[name as keyof typeof WITHOUT_EFFECT.flags]
      warnings.push(`${rawName} has no effect: ${because}`)
    } else if (option.type === 'boolean') {
      flags.set(name, { name: rawName, text: value ?? 'true' })
      if (value === undefined) switchBefore = rawName
    } else if (value === undefined || (!inlineValue && value.startsWith('--'))) {
      problems.push({ setting: rawName, expectation: `a value: ${rawName}=VALUE` })
    } else {
      flags.set(name, { name: rawName, text: value })
    }
  }
  return { flags, command, problems, warnings }
}

/** What the command line says about a setting. */
export function flagsOf(row: AnySetting, flags: ReadonlyMap<string, Given>): Occurrences {
  const names = flagNames(row)
  const first = (suffix: string): Given | undefined => {
    const name = names.find((candidate) => flags.has(`${candidate}${suffix}`))
    return name === undefined ? undefined : flags.get(`${name}${suffix}`)
  }
  return { direct: first(''), file: first('-file') }
}

function flagNames(row: AnySetting): readonly string[] {
  return [row.flag, ...(row.aliases ?? []).map(flagOf)]
}

function knownOptions(): Options {
  const options: Options = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } }
  for (const name of Object.keys(WITHOUT_EFFECT.flags)) options[name] = { type: 'string' }
  for (const row of settings) {
    for (const name of flagNames(row)) {
      options[`${name}-file`] = { type: 'string' }
      options[name] = { type: row.kind.type === boolean.type ? 'boolean' : 'string' }
    }
  }
  return options
}

/** `--cni_conf_name=a_b` → `--cni-conf-name=a_b`, up to `--`. */
function withDashes(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.map((argument, index) => {
    if (!argument.startsWith('--') || (end >= 0 && index >= end)) return argument
    const [name = '', ...value] = argument.split('=')
    return [name.replaceAll('_', '-'), ...value].join('=')
  })
}

function unknownFlag(name: string, rawName: string, options: Options): SettingProblem {
  // The rest of the argument may be a secret that was meant for another program.
  const meant = name.length > 1 && name.length < 100 ? nearest(name, Object.keys(options)) : undefined
  return {
    setting: rawName.slice(0, 100),
    expectation: 'a known flag',
    ...(meant === undefined ? {} : { suggestion: `--${meant}` }),
  }
}

function isBoolean(text: string): boolean {
  try {
    boolean.parse(text)
    return true
  } catch {
    return false
  }
}
