/** The node's rules with native nftables. All of it runs inside the node's namespace. */
import { type HostNftProgram, hostNftTable } from '../rules/host-program.ts'
import { type Difference, differences } from './difference.ts'
import { NetnsError } from './errors.ts'
import { hostAddress, type ProbeMember } from './host-addresses.ts'
import { changeNftSets, deleteNftTable, nftSetMembers, replaceNftSets } from './host-nft-sets.ts'
import { insideScratchNamespace, type OpenNamespace } from './namespace.ts'
import type { Nftables } from './nftables.ts'

/** How programs are listed, learned once each in an empty namespace: every version of nft has its own spelling. */
const listings = new Map<string, string>()
const mostListings = 8

export class HostNft {
  readonly #program: HostNftProgram
  readonly #nftables: Nftables
  readonly #current: OpenNamespace

  constructor(program: HostNftProgram, nftables: Nftables | undefined, current: OpenNamespace) {
    if (!nftables) throw new NetnsError('backend-missing', 'native nftables needs libnftables')
    this.#program = program
    this.#nftables = nftables
    this.#current = current
  }

  /** What differs in rules and sets, their members left out. */
  differences(): Difference[] {
    return differences('nft', linesOf(this.#expected()), linesOf(this.#listing() ?? ''))
  }

  /** Makes the table anew; its sets keep their members. */
  write(members: readonly ProbeMember[]): void {
    const { table, sets } = this.#program
    const isPresent = this.#nftables.tables().includes(table)
    const kept = [...this.members(), ...members].map(({ address }) => hostAddress(address))
    const membersOf = (family: 4 | 6) => [
      ...new Set(kept.flatMap((address) => (address.family === family ? [address.text] : []))),
    ]
    replaceNftSets(
      table,
      isPresent,
      sets.map((set) => ({ set, members: membersOf(set.family) })),
    )
    try {
      this.#nftables.run(this.#program.nft)
    } catch (error) {
      if (!isPresent) deleteNftTable(table)
      throw error
    }
  }

  members(): ProbeMember[] {
    const { table, sets } = this.#program
    return sets.flatMap(({ name }) =>
      [...(nftSetMembers(table, name) ?? [])].map(([address, uid]) => ({ address, uid })),
    )
  }

  /** One transaction. */
  change(put: readonly ProbeMember[], remove: readonly string[]): void {
    const { table, sets } = this.#program
    const of = (family: 4 | 6, addresses: readonly string[]) =>
      addresses.filter((address) => hostAddress(address).family === family)
    const added = put.map(({ address }) => address)
    changeNftSets(
      table,
      sets.map(({ name, family }) => ({ set: name, put: of(family, added), remove: of(family, remove) })),
    )
  }

  #listing(): string | undefined {
    const { table } = this.#program
    if (!this.#nftables.tables().includes(table)) return undefined
    return this.#nftables.table(table, { members: false })
  }

  #expected(): string {
    const { table, sets, nft } = this.#program
    const key = JSON.stringify([sets, nft])
    const known = listings.get(key)
    if (known !== undefined) return known
    const learned = insideScratchNamespace(this.#current, () => {
      replaceNftSets(
        table,
        false,
        sets.map((set) => ({ set, members: [] })),
      )
      this.#nftables.run(nft)
      return this.#nftables.table(table, { members: false })
    })
    if (listings.size >= mostListings) listings.clear()
    listings.set(key, learned)
    return learned
  }
}

/** What of another program's nftables back-end is there. */
export function leftoverNft(nftables: Nftables | undefined): Difference[] {
  if (!nftables?.tables().includes(hostNftTable)) return []
  return [{ where: 'nft', kind: 'unexpected', line: `table ${hostNftTable} {` }]
}

export function removeHostNft(nftables: Nftables | undefined): void {
  if (nftables?.tables().includes(hostNftTable)) deleteNftTable(hostNftTable)
}

const linesOf = (listing: string): string[] => listing.split('\n').filter((line) => line.trim() !== '')
