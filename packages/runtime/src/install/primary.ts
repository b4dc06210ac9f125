import type { Settings } from '@istio-install-cni/config-schema'
import { InstallError } from './errors.ts'
import {
  type Candidate,
  type ConfigFile,
  candidatesOf,
  isForeign,
  namedCandidate,
  type Skipped,
  sortsBefore,
  stemOf,
} from './select.ts'
import type { Circumstances, Plan } from './wanted.ts'

type Unavailable = Extract<Plan, { outcome: 'wait' | 'refuse' }>
type Unnoted<T> = T extends unknown ? Omit<T, 'notes'> : never

export type Primary = { notes: string[] } & (
  | ({ primary: Candidate; plan?: never } & Circumstances)
  | ({ primary?: never; plan: Unnoted<Unavailable> } & { [Of in keyof Circumstances]?: never })
)

/**
 * The network that pods of this node get: the file named by CNI_CONF_NAME, else the one that we chained into
 * before (`network`, a stem), else the first one that libcni would load.
 */
export function primaryOf(
  files: readonly ConfigFile[],
  settings: Pick<Settings, 'cniConfName'>,
  network?: string,
): Primary {
  const { usable, skipped } = candidatesOf(files)
  const foreign = usable.filter(isForeign)
  const notes = skipped.map(({ name, reason }) => `skipped ${name}: ${reason}`)
  if (settings.cniConfName !== '') return named(files, settings.cniConfName, notes, foreign)
  const primary = foreign.find(({ name }) => stemOf(name) === network) ?? foreign[0]
  const link = skipped.find(({ name, symlinkOutside }) => symlinkOutside && isFirst(name, foreign))
  if (link !== undefined && primary === foreign[0]) return { plan: refused(link), notes }
  if (primary === undefined)
    return { plan: { outcome: 'wait', reason: 'no network configuration yet' }, notes }
  const doubtful = skipped.find((file) => file.halfWritten && sortsBefore(file.name, primary.name))?.name
  return {
    primary,
    notes,
    ...circumstancesOf(primary, foreign),
    ...(doubtful === undefined ? {} : { doubtful }),
  }
}

function named(
  files: readonly ConfigFile[],
  name: string,
  notes: string[],
  foreign: readonly Candidate[],
): Primary {
  const candidate = namedCandidate(files, name)
  if (candidate === undefined) {
    return { plan: { outcome: 'wait', reason: `${name}, named by CNI_CONF_NAME, is not there yet` }, notes }
  }
  if ('config' in candidate) return { primary: candidate, notes, ...circumstancesOf(candidate, foreign) }
  if (candidate.symlinkOutside) return { plan: refused(candidate), notes }
  const reason = `${candidate.name}, named by CNI_CONF_NAME, cannot be used: ${candidate.reason}`
  return { plan: { outcome: 'wait', reason }, notes }
}

function isFirst(name: string, foreign: readonly Candidate[]): boolean {
  const first = foreign[0]
  return first === undefined || sortsBefore(name, first.name)
}

function circumstancesOf(primary: Candidate, foreign: readonly Candidate[]): Circumstances {
  const network = stemOf(primary.name)
  const first = foreign[0]
  const isPreempted = first !== undefined && sortsBefore(first.name, primary.name)
  return isPreempted ? { network, preemptedBy: first.name } : { network }
}

function refused({ name, reason }: Skipped): Unnoted<Unavailable> {
  const message = `${name} is the primary network configuration, but ${reason}: put a regular file in its place, or name another by CNI_CONF_NAME`
  return { outcome: 'refuse', error: new InstallError('SYMLINK_OUTSIDE', message, { path: name }) }
}
