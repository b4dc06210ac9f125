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

/** How a flag is used: alone, or with a value. */
type Use = 'command' | 'switch' | 'value'

/** Words that are no flags; --help and --version count as the words `help` and `version`. Never throws. */
export function commandOf(argv: readonly string[]): readonly string[] {
  return readArguments(argv).command
}

/**
 * Takes a command line apart; `-` and `_` are the same in names of flags, of a repeated flag the last counts.
 * Written by hand: node:util's parseArgs lets a flag without value swallow the next one, and so hides its mistakes.
 */
export function readArguments(argv: readonly string[]): Arguments {
  const flags = new Map<string, Given>()
  const command: string[] = []
  const problems: SettingProblem[] = []
  const warnings: string[] = []
  const uses = usesOfFlags()
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  for (let index = 0; index < end; index++) {
    const argument = argv[index] ?? ''
    if (!/^-./.test(argument)) {
      command.push(argument)
      continue
    }
    const { name, written, inline } = splitFlag(argument)
    const next = index + 1 < end ? argv[index + 1] : undefined
    const use = uses.get(name)
    if (use === undefined) {
      problems.push(unknownFlag(name, written, uses.keys()))
    } else if (use === 'command') {
      command.unshift(name)
    } else if (use === 'switch') {
      flags.set(name, { name: written, text: inline ?? 'true' })
      if (inline === undefined && next !== undefined && isBoolean(next)) {
        // Would be taken for a command.
        problems.push({
          setting: written,
          expectation: 'its value after "="',
          suggestion: `${written}=${next}`,
        })
        index++
      }
    } else if (inline !== undefined || (next !== undefined && !next.startsWith('--'))) {
      if (name in WITHOUT_EFFECT.flags) warnings.push(`${written} has no effect`)
      else flags.set(name, { name: written, text: inline ?? next ?? '' })
      if (inline === undefined) index++
    } else {
      problems.push({ setting: written, expectation: `a value: ${written}=VALUE` })
    }
  }
  return { flags, command: [...command, ...argv.slice(end + 1)], problems, warnings }
}

/** What the command line says about a setting. */
export function flagsOf(row: AnySetting, flags: ReadonlyMap<string, Given>): Occurrences {
  const first = (suffix: string): Given | undefined => {
    const name = flagNames(row).find((candidate) => flags.has(`${candidate}${suffix}`))
    return name === undefined ? undefined : flags.get(`${name}${suffix}`)
  }
  return { direct: first(''), file: first('-file') }
}

function flagNames(row: AnySetting): readonly string[] {
  return [row.flag, ...(row.aliases ?? []).map(flagOf)]
}

function usesOfFlags(): Map<string, Use> {
  const uses = new Map<string, Use>([
    ['help', 'command'],
    ['version', 'command'],
  ])
  for (const name of Object.keys(WITHOUT_EFFECT.flags)) uses.set(name, 'value')
  for (const row of settings) {
    for (const name of flagNames(row)) {
      uses.set(`${name}-file`, 'value').set(name, row.kind.type === boolean.type ? 'switch' : 'value')
    }
  }
  return uses
}

/** `--cni_conf_name=a_b` → name `cni-conf-name`, written `--cni-conf-name`, inline `a_b`. */
function splitFlag(argument: string): { name: string; written: string; inline: string | undefined } {
  const [first = '', ...rest] = argument.split('=')
  const dashes = first.startsWith('--') ? '--' : '-'
  const name = first.slice(dashes.length).replaceAll('_', '-')
  const inline = rest.length > 0 ? rest.join('=') : undefined
  return {
    name: first === '-h' ? 'help' : dashes === '-' ? first : name,
    written: `${dashes}${name}`,
    inline,
  }
}

function unknownFlag(name: string, written: string, known: Iterable<string>): SettingProblem {
  // Its value is not shown: it may be a secret that was meant for another program.
  const meant = name.length > 2 && name.length < 100 ? nearest(name, known) : undefined
  return {
    setting: written.slice(0, 100),
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
