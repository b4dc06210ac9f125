import { HOST_NETNS_PATH } from '@istio-install-cni/config-schema'
import type { HostProgram } from '../rules/host-program.ts'
import type { Difference } from './difference.ts'
import { NetnsError } from './errors.ts'
import { hostAddress, type ProbeMember } from './host-addresses.ts'
import type { HostJob, HostJobResults } from './host-jobs.ts'
import type { NetnsLog, NetworkNamespaces } from './namespaces.ts'
import type { ApplyOutcome } from './program-jobs.ts'

export type HostNetworkOptions = Readonly<{
  namespaces: NetworkNamespaces
  /** Path of the node's network namespace: {@link hostNetnsOf}. */
  hostNetns: string
  backend: HostProgram['backend']
  /** AMBIENT_ENABLE_AWS_BRANCH_ENI_PROBE. @default false */
  branchInterfaces?: boolean
  log?: NetnsLog
}>

/** ALLOW_SWITCH_TO_HOST_NS: an agent with `hostNetwork` is in the node's namespace already. */
export const hostNetnsOf = ({ allowSwitchToHostNs }: Readonly<{ allowSwitchToHostNs: boolean }>): string =>
  allowSwitchToHostNs ? HOST_NETNS_PATH : '/proc/self/ns/net'

/**
 * The node's own namespace: the rules that give probes their source address, and the set of addresses that they
 * apply to. Methods run one after another and reject with a {@link NetnsError}.
 *
 * Whose an address is stands beside it in an ipset. With nftables only this object knows (why: docs/decisions,
 * "Sets in the node's namespace carry no user data"): after a start nobody does, until the owners are put again.
 */
export class HostNetwork {
  readonly #options: HostNetworkOptions
  /** What the sets should hold, so that it can be put back after a flush: address to owner. */
  readonly #members = new Map<string, string>()
  #program: HostProgram | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: HostNetworkOptions) {
    this.#options = options
  }

  /** Makes the node have these rules and all known members; members that are there already stay. */
  applyRules(program: HostProgram): Promise<ApplyOutcome> {
    return this.#inTurn(async () => {
      this.#expectBackend(program)
      const { outcome, found } = await this.#run({
        kind: 'host-apply',
        members: this.#known(),
        ...(await this.#in(program)),
      })
      this.#program = program
      for (const { address, uid } of found) {
        if (!this.#members.get(address)) this.#members.set(address, uid)
      }
      const branches = await this.#applyBranches()
      if (outcome === 'unchanged' && branches === 0) return outcome
      const written = outcome === 'unchanged' ? 'replaced' : outcome
      this.#options.log?.info({ outcome: written, branches }, 'rules of the node were written')
      return written
    })
  }

  /** What is missing of these rules and of the known members, and what is there of other back-ends. */
  verifyRules(program: HostProgram): Promise<Difference[]> {
    return this.#inTurn(async () => {
      this.#expectBackend(program)
      const found = await this.#run({
        kind: 'host-verify',
        members: this.#known(),
        ...(await this.#in(program)),
      })
      if (!this.#options.branchInterfaces) return found
      return [...found, ...(await this.#run({ kind: 'host-verify-branches', ...this.#branches() }))]
    })
  }

  /** Removes rules and sets of ours, of every back-end. */
  removeRules(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#run({ kind: 'host-remove', path: this.#options.hostNetns })
      this.#members.clear()
      this.#program = undefined
    })
  }

  /** The addresses in the kernel's sets, each with its owner's uid, which is empty when nobody knows it. */
  probeSet(): Promise<ReadonlyMap<string, string>> {
    return this.#inTurn(async () => {
      const program = this.#applied()
      const found = await this.#run({ kind: 'host-members', ...(await this.#in(program)) })
      return new Map(found.map(({ address, uid }) => [address, uid || (this.#members.get(address) ?? '')]))
    })
  }

  /**
   * Puts addresses in, which makes them their new owner's, and takes others away if they are that owner's or nobody
   * knows whose they are. Addresses of a family without rules are left out. After a flush everything known is put
   * back first.
   */
  changeProbeSet(change: { put: readonly ProbeMember[]; remove: readonly ProbeMember[] }): Promise<void> {
    return this.#inTurn(async () => {
      const program = this.#applied()
      const families = new Set(program.sets.map(({ family }) => family))
      const usable = (members: readonly ProbeMember[]): ProbeMember[] =>
        members.flatMap(({ address, uid }) => {
          const { family, text } = hostAddress(address)
          return families.has(family) ? [{ address: text, uid }] : []
        })
      const put = usable(change.put)
      const remove = usable(change.remove).filter((member) => this.#mayBeOf(member, program))
      if (put.length + remove.length === 0) return
      await this.#changed(program, put, remove)
      for (const { address } of remove) this.#members.delete(address)
      for (const { address, uid } of put) this.#members.set(address, uid)
      await this.#applyBranches().catch((error: unknown) => {
        // The pod is in the set all the same; what is missing is found by the next verification.
        this.#options.log?.warn({ err: error }, 'routing rules for AWS branch interfaces were not written')
      })
    })
  }

  async #applyBranches(): Promise<number> {
    if (!this.#options.branchInterfaces) return 0
    return this.#run({ kind: 'host-branches', ...this.#branches() })
  }

  #branches() {
    return { path: this.#options.hostNetns, addresses: [...this.#members.keys()] }
  }

  async #changed(program: HostProgram, put: readonly ProbeMember[], remove: readonly ProbeMember[]) {
    const job = { kind: 'host-change', put, remove, ...(await this.#in(program)) } as const
    try {
      await this.#run(job)
    } catch (error) {
      if (!(error instanceof NetnsError) || error.code !== 'netlink') throw error
      this.#options.log?.warn({ err: error }, 'the rules of the node are gone and are written again')
      await this.#run({ kind: 'host-apply', members: this.#known(), ...(await this.#in(program)) })
      await this.#run(job)
    }
  }

  /** Of an ipset the kernel knows it better. */
  #mayBeOf({ address, uid }: ProbeMember, { backend }: HostProgram): boolean {
    if (backend === 'iptables') return true
    const owner = this.#members.get(address)
    return owner === undefined || owner === '' || owner === uid
  }

  #known(): ProbeMember[] {
    return [...this.#members].map(([address, uid]) => ({ address, uid }))
  }

  async #in(program: HostProgram) {
    const { namespaces, hostNetns } = this.#options
    return { path: hostNetns, program, variant: await namespaces.variantFor(program) }
  }

  #applied(): HostProgram {
    if (this.#program) return this.#program
    throw new NetnsError('netlink', "the node's rules have not been applied yet: their sets do not exist")
  }

  #expectBackend({ backend }: HostProgram): void {
    if (backend === this.#options.backend) return
    throw new NetnsError(
      'rules-refused',
      `the node's rules are for ${backend}, its back-end is ${this.#options.backend}`,
    )
  }

  #run<K extends HostJob['kind']>(job: HostJob & { kind: K }): Promise<HostJobResults[K]> {
    return this.#options.namespaces.runHostJob<K>(job)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }
}
