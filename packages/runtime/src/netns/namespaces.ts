import { statSync } from 'node:fs'
import { access } from 'node:fs/promises'
import type { KernelProgram } from '../rules/program.ts'
import { type BackendFindings, type Backends, chooseBackends } from './backends.ts'
import type { Difference } from './difference.ts'
import { NetnsError } from './errors.ts'
import type { HostJob, HostJobResults } from './host-jobs.ts'
import type { Job, JobResults } from './jobs.ts'
import type { PresentModes } from './present-modes.ts'
import type { Applied, ApplyOutcome, PresentBackend } from './program-jobs.ts'
import { WorkerPool } from './worker-pool.ts'
import type { XtablesVariant } from './xtables.ts'

/** The part of a pino logger that is used. */
export type NetnsLog = Readonly<{
  warn(fields: object, message: string): void
  info(fields: object, message: string): void
}>

export type NetworkNamespacesOptions = Readonly<{
  /** Threads that enter namespaces; each works in one namespace at a time. @default 2 */
  workers?: number
  /** FORCE_IPTABLES_BINARY; undefined lets the capability test decide. */
  iptables?: XtablesVariant | undefined
  /** Time for one job, waiting included, in milliseconds. @default 10000 */
  deadline?: number
  /** Lets pod rules into the agent's own namespace: for tests alone. @default false */
  allowHostNamespace?: boolean
  /** Found by the system's loader. @default libnftables.so.1 */
  nftLibrary?: string
  log?: NetnsLog
}>

export type JobOptions = Readonly<{ /** In milliseconds, instead of the default. */ deadline?: number }>

/**
 * Applies, verifies and removes programs in network namespaces named by path. Jobs for one namespace run one after
 * another, others side by side. Every method rejects with a {@link NetnsError}.
 */
export class NetworkNamespaces {
  readonly #pool: WorkerPool
  readonly #deadline: number
  readonly #forced: XtablesVariant | undefined
  readonly #log: NetnsLog | undefined
  #backends: Promise<Backends> | undefined
  #ready: Promise<void> | undefined
  readonly #warnedOfIpv6 = new Set<Applied['ipv6']>()

  constructor(options: NetworkNamespacesOptions = {}) {
    this.#deadline = options.deadline ?? 10_000
    this.#forced = options.iptables
    this.#log = options.log
    this.#pool = new WorkerPool({
      size: options.workers ?? 2,
      allowHostNamespace: options.allowHostNamespace ?? false,
      nftLibrary: options.nftLibrary ?? 'libnftables.so.1',
      onWorkerLost: (error) => this.#log?.warn({ err: error }, 'namespace worker was lost'),
    })
  }

  /** Makes the namespace hold exactly this program of ours, or leaves it as it was. Applying twice changes nothing. */
  async applyRules(path: string, program: KernelProgram, options?: JobOptions): Promise<ApplyOutcome> {
    const variant = await this.variantFor(program)
    const { outcome, ipv6 } = await this.#run({ kind: 'apply', path, program, variant }, options)
    this.#warnOfMissingIpv6(path, ipv6)
    return outcome
  }

  /** The differences between the namespace and the program; none when they are equal. */
  async verifyRules(path: string, program: KernelProgram, options?: JobOptions): Promise<Difference[]> {
    const variant = await this.variantFor(program)
    return this.#run({ kind: 'verify', path, program, variant }, options)
  }

  /** Removes all rules of ours, of every back-end; foreign rules stay. */
  async removeRules(path: string, options?: JobOptions): Promise<void> {
    await this.#run({ kind: 'remove', path }, options)
  }

  /** Which back-ends' rules of ours are there. */
  async presentRules(path: string, options?: JobOptions): Promise<PresentBackend> {
    return this.#run({ kind: 'present', path }, options)
  }

  /** Whether rules of ambient mode, and whether those of a sidecar are there, whole or not. */
  async presentModes(path: string, options?: JobOptions): Promise<PresentModes> {
    return this.#run({ kind: 'present-modes', path }, options)
  }

  /** The addresses of the namespace's interfaces, without prefix length. */
  async addresses(path: string, options?: JobOptions): Promise<string[]> {
    return this.#run({ kind: 'addresses', path }, options)
  }

  /** A job of {@link HostNetwork}, the only kind that may change the node's own namespace. */
  async runHostJob<K extends HostJob['kind']>(job: HostJob & { kind: K }): Promise<HostJobResults[K]> {
    return this.#run<K>(job)
  }

  /** Which iptables this machine's programs are written with; it matters to those for iptables alone. */
  async variantFor(program: Pick<KernelProgram, 'backend'>): Promise<XtablesVariant> {
    if (this.#forced) return this.#forced
    if (program.backend === 'nft') return 'nft'
    const { iptables, reasons } = await this.detectBackends()
    if (iptables) return iptables
    throw new NetnsError('backend-missing', 'no iptables works here', { detail: reasons.join('; ') })
  }

  /** Tries the back-ends once; later calls get the same answer. */
  detectBackends(): Promise<Backends> {
    this.#backends ??= this.#probe().catch((error: unknown) => {
      this.#backends = undefined
      throw error
    })
    return this.#backends
  }

  /** Lets running jobs end and stops the threads. */
  async close(): Promise<void> {
    await this.#pool.close()
  }

  async #probe(): Promise<Backends> {
    const findings: BackendFindings = await this.#run({ kind: 'probe' })
    const backends = chooseBackends(findings, this.#forced)
    this.#log?.info(
      { iptables: backends.iptables ?? 'none', nft: backends.nft, reasons: backends.reasons },
      'back-ends were tested',
    )
    return backends
  }

  /** Once for each kind: on a node without IPv6 it is so with every pod. */
  #warnOfMissingIpv6(path: string, ipv6: Applied['ipv6']): void {
    if (ipv6 === 'on' || this.#warnedOfIpv6.has(ipv6)) return
    this.#warnedOfIpv6.add(ipv6)
    this.#log?.warn({ netns: path, ipv6 }, missingIpv6[ipv6])
  }

  async #run<K extends Job['kind']>(job: Job & { kind: K }, options?: JobOptions): Promise<JobResults[K]> {
    await this.#prepare()
    const key = 'path' in job ? namespaceKey(job.path) : job.kind
    const result = await this.#pool.run(job, key, options?.deadline ?? this.#deadline)
    return result as JobResults[K]
  }

  /**
   * The run time's thread pool starts with its first use, in the namespace of the thread that uses it. It has to
   * be this one: name look-ups of the agent would else go out through a pod.
   */
  #prepare(): Promise<void> {
    this.#ready ??= access('/')
    return this.#ready
  }
}

const missingIpv6 = {
  absent: 'the kernel has no IPv6: pods get the IPv4 half of their redirection; AMBIENT_IPV6=false says so',
  'off on lo':
    'IPv6 is switched off on lo of this and maybe of other pods: the IPv6 route of their redirection is left out',
} as const

/**
 * One key for all paths of one namespace. A path that cannot be read gets its error from the worker.
 *
 * Asked on the spot: the file is the kernel's own. To hand that over to the threads of the pool can make the main
 * thread wait until those get a processor (pthread_cond_signal of glibc before 2.41).
 */
function namespaceKey(path: string): string {
  try {
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch {
    return path
  }
}
