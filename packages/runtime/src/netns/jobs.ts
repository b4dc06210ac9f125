/** What the main thread asks of a worker thread, and what comes back: plain data in both directions. */
import type { KernelProgram } from '../rules/program.ts'
import type { BackendFindings } from './backends.ts'
import type { Difference } from './difference.ts'
import type { NetnsErrorData } from './errors.ts'
import type { HostJob, HostJobResults } from './host-jobs.ts'
import type { SharedLock } from './lock.ts'
import type { PresentModes } from './present-modes.ts'
import type { Applied, PresentBackend } from './program-jobs.ts'
import type { XtablesVariant } from './xtables.ts'

type ProgramIn = Readonly<{ path: string; program: KernelProgram; variant: XtablesVariant }>

export type Job =
  | (Readonly<{ kind: 'apply' }> & ProgramIn)
  | (Readonly<{ kind: 'verify' }> & ProgramIn)
  | Readonly<{ kind: 'remove'; path: string }>
  | Readonly<{ kind: 'present'; path: string }>
  | Readonly<{ kind: 'present-modes'; path: string }>
  | Readonly<{ kind: 'addresses'; path: string }>
  | Readonly<{ kind: 'probe' }>
  | HostJob

export type JobResults = HostJobResults & {
  apply: Applied
  verify: Difference[]
  remove: undefined
  present: PresentBackend
  'present-modes': PresentModes
  addresses: string[]
  probe: BackendFindings
}

export type JobResult = JobResults[Job['kind']]

/** `milliseconds` is what is left of the job's time when the worker gets it. */
export type Assignment = Readonly<{ job: Job; milliseconds: number }>

export type Reply =
  | Readonly<{ result: JobResult }>
  | Readonly<{
      error: NetnsErrorData /** The thread is in the wrong namespace and must not be used again. */
      lost: boolean
    }>

/** What a worker is started with. */
export type WorkerSetup = Readonly<{
  /** A positive number that no other worker has had; its name in the lock. */
  number: number
  nftLock: SharedLock
  allowHostNamespace: boolean
  nftLibrary: string
}>
