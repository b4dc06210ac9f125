/**
 * The thread that enters namespaces: one assignment at a time, in, done, and back. It uses nothing that hands work
 * to other threads, because these would start in, or stay outside of, the namespace.
 */
import { closeSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { probeBackends } from './backend-probe.ts'
import { Deadline } from './deadline.ts'
import { dataOfError, NetnsError } from './errors.ts'
import { Expectations } from './expectation.ts'
import { type HostJob, runHostJob } from './host-jobs.ts'
import type { Assignment, Job, JobResult, Reply, WorkerSetup } from './jobs.ts'
import { closeDescriptor, giveBackMemory, owningUserNamespace, SystemCallError } from './libc.ts'
import {
  hostNamespaceInodes,
  insideNamespace,
  isOfOtherUserNamespace,
  LostThreadError,
  type OpenNamespace,
  openNamespace,
} from './namespace.ts'
import { Nftables } from './nftables.ts'
import { presentModes } from './present-modes.ts'
import { applyProgram, presentBackend, removePrograms, verifyProgram } from './program-jobs.ts'
import type { Toolbox } from './rule-sets.ts'

const setup: WorkerSetup = workerData
const home = openNamespace('/proc/thread-self/ns/net')
const hostInodes = hostNamespaceInodes()
const expectations = new Expectations()
/** So long after a job, and not more often: a node with many pods always has one to be verified. */
const givingBackMilliseconds = 5000
let willGiveBack = false
let loadedNftables: Nftables | undefined
let kernelHasNftables: boolean | undefined

parentPort?.on('message', ({ job, milliseconds }: Assignment) => {
  parentPort?.postMessage(replyTo(job, milliseconds))
  giveBackMemoryLater()
})

function giveBackMemoryLater(): void {
  if (willGiveBack) return
  willGiveBack = true
  setTimeout(() => {
    willGiveBack = false
    giveBackMemory()
  }, givingBackMilliseconds)
}

function replyTo(job: Job, milliseconds: number): Reply {
  try {
    return { result: carryOut(job, new Deadline(milliseconds)) }
  } catch (error) {
    const shown =
      error instanceof SystemCallError
        ? new NetnsError('netlink', `a request to the kernel failed (${error.call})`, { detail: error.errno })
        : error
    return { error: dataOfError(shown), lost: error instanceof LostThreadError }
  }
}

function carryOut(job: Job, deadline: Deadline): JobResult {
  if (job.kind === 'probe') return probeBackends(loadNftables, deadline, home)
  const current = openNamespace(job.path)
  try {
    if (!isHostJob(job)) refuseHostNamespace(current)
    return insideNamespace(current, home, () =>
      withToolbox(current, deadline, (toolbox) =>
        isHostJob(job) ? runHostJob(job, toolbox, current) : inside(job, toolbox, current),
      ),
    )
  } finally {
    closeSync(current.fd)
  }
}

/** The only jobs that may change the node's own namespace. */
function isHostJob(job: Job): job is HostJob {
  return job.kind.startsWith('host-')
}

function inside(
  job: Exclude<Job, HostJob | { kind: 'probe' }>,
  toolbox: Toolbox,
  current: OpenNamespace,
): JobResult {
  switch (job.kind) {
    case 'apply':
      return applyProgram({ ...job, toolbox, expectations, current })
    case 'verify':
      return verifyProgram({ ...job, toolbox, expectations, current })
    case 'present':
      return presentBackend(toolbox)
    case 'present-modes':
      return presentModes(toolbox)
    case 'addresses':
      return interfaceAddresses()
    case 'remove':
      removePrograms(toolbox)
      return undefined
  }
}

/** Of all interfaces that are up, loopback left out; read in the thread's own namespace. */
function interfaceAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.filter(({ internal }) => !internal).map(({ address }) => address)
}

function withToolbox<T>(current: OpenNamespace, deadline: Deadline, work: (toolbox: Toolbox) => T): T {
  const nftables = optionalNftables()
  // The owner match of iptables is refused unless its writer is in the user namespace that owns the network.
  if (!isOfOtherUserNamespace(current)) return work({ nftables, xtables: { deadline } })
  const userNamespace = owningUserNamespace(current.fd)
  try {
    return work({ nftables, xtables: { deadline, userNamespace } })
  } finally {
    closeDescriptor(userNamespace)
  }
}

function refuseHostNamespace({ path, inode }: OpenNamespace): void {
  if (setup.allowHostNamespace || !hostInodes.has(inode)) return
  throw new NetnsError(
    'host-namespace',
    `${path} is the node's own network namespace: rules for a pod would cut the node off`,
  )
}

function loadNftables(): Nftables {
  loadedNftables ??= Nftables.load(setup.nftLibrary, setup.nftLock, setup.number)
  return loadedNftables
}

/** Undefined without the library, and with a kernel that does not know nftables: legacy iptables works there. */
function optionalNftables(): Nftables | undefined {
  try {
    const nftables = loadNftables()
    kernelHasNftables ??= canList(nftables)
    return kernelHasNftables ? nftables : undefined
  } catch {
    return undefined
  }
}

function canList(nftables: Nftables): boolean {
  try {
    nftables.tables()
    return true
  } catch {
    return false
  }
}
