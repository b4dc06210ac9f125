/** Executes the image's own iptables programs in the calling thread's network namespace. */
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import type { Deadline } from './deadline.ts'
import { NetnsError } from './errors.ts'
import { missingInKernel } from './kernel-support.ts'
import { SystemCallError } from './libc.ts'
import { runTool, type ToolEnd, type ToolOutcome } from './tool.ts'
import { parseSave, type XtablesTable } from './xtables-save.ts'

export type XtablesVariant = 'nft' | 'legacy'
export type IpFamily = 4 | 6

/** One of the four rule sets that iptables programs can see in a namespace. */
export type XtablesPlace = Readonly<{ variant: XtablesVariant; family: IpFamily }>

/** Debian's places; only our own root is looked at, never the node's. */
const directories = ['/usr/sbin', '/sbin', '/usr/bin', '/usr/local/sbin']
const mostOutput = 8 * 1024 * 1024

/** `iptables` or `ip6tables`, as they are called in messages and differences. */
function programName(family: IpFamily): 'iptables' | 'ip6tables' {
  return family === 4 ? 'iptables' : 'ip6tables'
}

export type XtablesOptions = Readonly<{
  deadline: Deadline
  /** An open descriptor to run in, for namespaces that belong to another. */
  userNamespace?: number
  /** The lock of legacy iptables, instead of one for each namespace. */
  lockFile?: string
}>

export function save(place: XtablesPlace, options: XtablesOptions): XtablesTable[] {
  return parseSave(execute(place, 'save', ['-c'], '', options))
}

/** The rules of one chain as iptables lists them, without `-A CHAIN`; undefined when there is no such chain. */
export function listChain(
  place: XtablesPlace,
  table: string,
  chain: string,
  options: XtablesOptions,
): string[] | undefined {
  const { ok, stdout, stderr } = tried(place, '', ['-w', '-t', table, '-S', chain], '', options)
  if (ok) {
    const prefix = `-A ${chain} `
    return stdout.split('\n').flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []))
  }
  // iptables-nft 1.8 says "incompatible" of a chain that is not there, if it knows the table.
  if (/No chain|does not exist|is incompatible/.test(stderr)) return undefined
  throw new NetnsError(
    'rules-refused',
    `${programName(place.family)}-${place.variant} cannot list ${chain}`,
    {
      detail: stderr,
    },
  )
}

/** Adds to what is there: declared chains of the text are emptied, nothing else. */
export function restoreInto(place: XtablesPlace, text: string, options: XtablesOptions): void {
  execute(place, 'restore', ['--noflush', '-w'], text, options)
}

/** Replaces the tables that the text names. */
export function restoreExactly(place: XtablesPlace, text: string, options: XtablesOptions): void {
  execute(place, 'restore', ['--counters', '-w'], text, options)
}

function execute(
  place: XtablesPlace,
  verb: 'save' | 'restore',
  flags: readonly string[],
  input: string,
  options: XtablesOptions,
): string {
  const { ok, ending, stdout, stderr } = tried(place, verb, flags, input, options)
  if (ok) return stdout
  const missing = missingInKernel(stderr)
  const message = `${programName(place.family)}-${place.variant}-${verb} ${ending}`
  throw new NetnsError(
    missing ? 'kernel-support' : 'rules-refused',
    missing ? `${message}; ${missing}` : message,
    {
      detail: `${stderr.trim().slice(0, 1500)}${quotedLine(stderr, input)}`,
    },
  )
}

type Outcome = Readonly<{ ok: boolean; ending: string; stdout: string; stderr: string }>

function tried(
  place: XtablesPlace,
  verb: Verb,
  flags: readonly string[],
  input: string,
  options: XtablesOptions,
): Outcome {
  const [file, name] = commandLine(place, verb)
  const { userNamespace } = options
  const command: [string, ...string[]] =
    userNamespace === undefined
      ? [file, file, name, ...flags]
      : [findProgram('nsenter', 'user-namespace'), 'nsenter', '--user=/proc/self/fd/3', file, name, ...flags]
  const { end, stdout, stderr } = executed(name, command, input, options)
  if (end === 'out of time') throw new NetnsError('deadline', `${name} did not end in time and was killed`)
  if (end === 'too much output')
    throw new NetnsError('rules-refused', `${name} printed more than ${mostOutput} bytes`)
  return { ok: end.exitCode === 0, ending: endingOf(end), stdout, stderr }
}

function executed(
  name: string,
  command: [string, ...string[]],
  input: string,
  { deadline, userNamespace, lockFile }: XtablesOptions,
): ToolOutcome {
  // The lock file of legacy iptables: the namespace itself, so that pods do not wait for one another nor for the
  // node's own tools, and nothing has to be writable.
  const lock = lockFile ?? '/proc/self/ns/net'
  const environment = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C', `XTABLES_LOCKFILE=${lock}`]
  const milliseconds = deadline.milliseconds()
  try {
    return runTool({ command, environment, input, milliseconds, mostOutput, descriptor: userNamespace })
  } catch (cause) {
    if (!(cause instanceof SystemCallError)) throw cause
    throw new NetnsError('backend-missing', `${name} could not be executed`, { detail: cause.message, cause })
  }
}

function endingOf({ exitCode, signal }: Exclude<ToolEnd, string>): string {
  if (exitCode !== undefined) return `failed with exit code ${exitCode}`
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0]
  return `was ended by ${name ?? `signal ${signal}`}`
}

/** Old and new versions say `line 12 failed` or `Error occurred at line: 12`. */
function quotedLine(stderr: string, input: string): string {
  const number = /(?:at line:|line) (\d+)/.exec(stderr)?.[1]
  const lines = input.split('\n').slice(0, Number(number ?? 0))
  const line = lines.at(-1)
  // Legacy iptables hands a table over as a whole, and gets no word about what in it is refused.
  if (line === 'COMMIT')
    return ` [the kernel refused table ${lines.findLast((each) => each.startsWith('*'))?.slice(1)}]`
  return line === undefined ? '' : ` [line ${number} is: ${line.slice(0, 300)}]`
}

type Verb = 'save' | 'restore' | ''

function commandLine(place: XtablesPlace, verb: Verb): [string, string] {
  return [
    findProgram(`xtables-${place.variant}-multi`, 'backend-missing'),
    `${programName(place.family)}-${place.variant}${verb === '' ? '' : `-${verb}`}`,
  ]
}

const found = new Map<string, string>()

function findProgram(name: string, code: 'backend-missing' | 'user-namespace'): string {
  const known = found.get(name)
  if (known !== undefined) return known
  const file = directories
    .map((directory) => `${directory}/${name}`)
    .find((candidate) => existsSync(candidate))
  if (file === undefined) {
    const why =
      code === 'user-namespace' ? ', which iptables needs for a pod with its own user namespace' : ''
    throw new NetnsError(code, `${name} is in none of ${directories.join(', ')}${why}`)
  }
  found.set(name, file)
  return file
}
