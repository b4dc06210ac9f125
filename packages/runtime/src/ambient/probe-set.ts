import type { HostRules, ProbeMember } from './ports.ts'

/** A pod's claim to addresses. Of two claims to one address the later one counts. */
export type Claim = Readonly<{ uid: string; addresses: readonly string[] }>

/**
 * What makes the set hold the claims and nothing else. A pod whose addresses nobody knows keeps what it has in the set.
 * @param isComplete whether the claims are those of all pods; of a partial view nothing is taken away
 */
export function probeSetChange(
  claims: readonly Claim[],
  actual: ReadonlyMap<string, string>,
  isComplete: boolean,
): { put: ProbeMember[]; remove: ProbeMember[] } {
  const owners = new Map(claims.flatMap(({ uid, addresses }) => addresses.map((address) => [address, uid])))
  const unknown = new Set(claims.filter(({ addresses }) => addresses.length === 0).map(({ uid }) => uid))
  const isNobodys = ([address, uid]: readonly [string, string]) => !owners.has(address) && !unknown.has(uid)
  const member = ([address, uid]: readonly [string, string]): ProbeMember => ({ address, uid })
  return {
    put: [...owners].filter(([address, uid]) => actual.get(address) !== uid).map(member),
    remove: isComplete ? [...actual].filter(isNobodys).map(member) : [],
  }
}

type Waiter = { resolve: () => void; reject: (error: unknown) => void }

/** Changes of the probe set; what comes while one is under way goes into the next, all of it at once. */
export class ProbeSet {
  readonly #host: Pick<HostRules, 'changeProbeSet'>
  readonly #put = new Map<string, string>()
  readonly #remove = new Map<string, ProbeMember>()
  #waiters: Waiter[] = []
  #isBusy = false

  constructor(host: Pick<HostRules, 'changeProbeSet'>) {
    this.#host = host
  }

  put(members: readonly ProbeMember[]): Promise<void> {
    for (const { address, uid } of members) {
      this.#remove.delete(`${address} ${uid}`)
      this.#put.set(address, uid)
    }
    return this.#next()
  }

  /** An address that is somebody else's by now stays. */
  remove(members: readonly ProbeMember[]): Promise<void> {
    for (const member of members) {
      if (this.#put.get(member.address) === member.uid) this.#put.delete(member.address)
      this.#remove.set(`${member.address} ${member.uid}`, member)
    }
    return this.#next()
  }

  #next(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiters.push({ resolve, reject })
    if (!this.#isBusy) void this.#run()
    return promise
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    // The end of the turn, so that a burst of calls becomes one change.
    await Promise.resolve()
    while (this.#waiters.length > 0) {
      const waiters = this.#waiters.splice(0)
      const put = [...this.#put].map(([address, uid]) => ({ address, uid }))
      const remove = [...this.#remove.values()]
      this.#put.clear()
      this.#remove.clear()
      try {
        if (put.length + remove.length > 0) await this.#host.changeProbeSet({ put, remove })
        for (const { resolve } of waiters) resolve()
      } catch (error) {
        for (const { reject } of waiters) reject(error)
      }
    }
    this.#isBusy = false
  }
}

export const membersOf = ({ uid, addresses }: Claim): readonly ProbeMember[] =>
  addresses.map((address) => ({ address, uid }))
