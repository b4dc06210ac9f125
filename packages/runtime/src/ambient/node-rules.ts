import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { withinFamilies } from './addresses.ts'
import { within } from './deadline.ts'
import type { AmbientObserver, HostRules, OwnPod, ProbeMember } from './ports.ts'
import { type Claim, probeSetChange } from './probe-set.ts'

export type NodeRulesOptions = Readonly<{
  host: HostRules
  observer: AmbientObserver
  log: Logger
  ownPod?: OwnPod
  /** Told of addresses that were missing in the set, which is filled again. */
  refilled: (members: readonly ProbeMember[]) => void
  settings: Readonly<{ ambientIpv6: boolean }>
  /** Milliseconds between attempts while the rules cannot be written. @default 2000, as the original */
  retryMs?: number
}>

/** The node's own rules, which let the kubelet's probes pass by ztunnel: written, verified, written again. */
export class NodeRules {
  readonly #options: NodeRulesOptions
  #problem: string | undefined = "the node's rules for probes have not been written yet"
  #retry: NodeJS.Timeout | undefined
  #wasWritten = false
  #isClosed = false
  /** What is being done now, for the end to wait for. */
  #pass: Promise<void> = Promise.resolve()
  /** Whether the set once held what it should: only then a difference means that somebody else changed it. */
  #wasFilled = false

  constructor(options: NodeRulesOptions) {
    this.#options = options
  }

  /** Undefined while rules and set are as they should be. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Tries until it succeeds; resolves after the first attempt. */
  start(): Promise<void> {
    this.#pass = this.#write()
    return this.#pass
  }

  async #write(): Promise<void> {
    const { host, log } = this.#options
    try {
      await host.applyRules()
      this.#problem = undefined
      this.#wasWritten = true
    } catch (error) {
      const why = messageOf(error)
      const problem = `the node's rules for probes cannot be written: ${why}`
      if (problem !== this.#problem)
        log.error({ err: error }, "failed to write the node's rules for ambient pods")
      this.#problem = problem
      this.#again(() => this.start())
    }
  }

  /** Compares rules and set with what should be, and repairs them. Never rejects. */
  verify(claims: () => readonly Claim[], isComplete: () => boolean): Promise<void> {
    // What could not be written yet is being tried.
    if (!this.#wasWritten || this.#isClosed) return Promise.resolve()
    const former = this.#pass
    this.#pass = former.then(() => this.#verified(claims, isComplete))
    return this.#pass
  }

  async #verified(claims: () => readonly Claim[], isComplete: () => boolean): Promise<void> {
    try {
      await this.#verifyRules()
      await this.#verifySet(claims, isComplete)
      this.#problem = undefined
    } catch (error) {
      const problem = `the node's rules for probes cannot be verified: ${messageOf(error)}`
      if (problem !== this.#problem)
        this.#options.log.error({ err: error }, "failed to verify the node's rules for ambient pods")
      this.#problem = problem
      // The node is not ready meanwhile: the next round would be late.
      this.#again(() => this.verify(claims, isComplete))
    }
  }

  #again(work: () => Promise<void>): void {
    if (this.#isClosed) return
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => void work(), this.#options.retryMs ?? 2_000)
    this.#retry.unref()
  }

  async #verifyRules(): Promise<void> {
    const { host, observer, log, ownPod } = this.#options
    if (this.#isClosed) return
    const differences = await host.verifyRules()
    if (differences.length === 0 || this.#isClosed) return
    await host.applyRules()
    observer.countDrift('host')
    log.warn({ differences: differences.slice(0, 5) }, "repaired the node's rules for ambient pods")
    const message =
      "the node's rules for the probes of ambient pods were not whole: somebody else changed them"
    ownPod?.warn('NodeRulesRepaired', message)
  }

  async #verifySet(claims: () => readonly Claim[], isComplete: () => boolean): Promise<void> {
    const { host, observer, log, refilled, settings } = this.#options
    if (this.#isClosed) return
    const usable = () =>
      claims().map(({ uid, addresses }) => ({ uid, addresses: withinFamilies(addresses, settings) }))
    const before = usable()
    const actual = await host.probeSet()
    const { put, remove } = settledChange(before, usable(), actual, isComplete())
    if (this.#isClosed) return
    if (put.length + remove.length > 0) {
      await host.changeProbeSet({ put, remove })
      const fields = {
        put: put.slice(0, 5),
        removed: remove.slice(0, 5),
        changes: put.length + remove.length,
      }
      if (this.#wasFilled) {
        observer.countDrift('probes')
        log.warn(fields, 'repaired the probe set of ambient pods')
        refilled(put)
      } else log.info(fields, 'filled the probe set of ambient pods')
    }
    this.#wasFilled = true
  }

  /** @param uninstall take the rules and the set away; else they stay for the agent that follows */
  async close(uninstall: boolean): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    if (!uninstall) return
    // Else what is being written now would come back after its removal.
    await within(5_000, this.#pass, () => undefined)
    try {
      await this.#options.host.removeRules()
    } catch (error) {
      this.#options.log.error({ err: error }, "failed to remove the node's rules for ambient pods")
    }
  }
}

/** What came or went while the set was read is being changed by whoever brought it. */
function settledChange(
  before: readonly Claim[],
  after: readonly Claim[],
  actual: ReadonlyMap<string, string>,
  isComplete: boolean,
) {
  const first = probeSetChange(before, actual, isComplete)
  const second = probeSetChange(after, actual, isComplete)
  const key = ({ address, uid }: ProbeMember) => `${address} ${uid}`
  const inBoth = (one: readonly ProbeMember[], other: readonly ProbeMember[]) => {
    const others = new Set(other.map(key))
    return one.filter((member) => others.has(key(member)))
  }
  return { put: inBoth(first.put, second.put), remove: inBoth(first.remove, second.remove) }
}
