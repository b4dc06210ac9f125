/** A table of nftables with sets of addresses, in the calling thread's network namespace. */
import type { HostSet } from '../rules/host.ts'
import { NetnsError } from './errors.ts'
import { hostAddress, type ProbeMember } from './host-addresses.ts'
import {
  body,
  deleteElements,
  deleteTable,
  elementsOf,
  framed,
  kinds,
  membersOf,
  newElements,
  newSet,
  newTable,
} from './host-nft-messages.ts'
import { SystemCallError } from './libc.ts'
import { type Change, NetlinkSocket } from './netlink.ts'

/** The name alone: nf_tables has the family elsewhere. */
const bare = (table: string): string => table.replace(/^inet /, '')

/** Makes the table anew with these sets and members and nothing else, in one transaction. */
export function replaceNftSets(
  table: string,
  isPresent: boolean,
  sets: readonly Readonly<{ set: HostSet; members: readonly string[] }>[],
): void {
  const name = bare(table)
  exchange(table, [
    ...(isPresent ? [deleteTable(name)] : []),
    newTable(name),
    ...sets.flatMap(({ set, members }, index) => [
      newSet(name, set, index + 1),
      ...newElements(name, set.name, members.map(hostAddress)),
    ]),
  ])
}

export function deleteNftTable(table: string): void {
  exchange(table, [deleteTable(bare(table))])
}

/** Address to owner, where the original wrote one; undefined when there is no such set. */
export function nftSetMembers(table: string, set: string): Map<string, string> | undefined {
  using socket = new NetlinkSocket('netfilter')
  try {
    const messages = socket.dump(kinds.getElements, body, elementsOf(bare(table), set))
    return new Map(messages.flatMap(membersOf).map(({ address, uid }: ProbeMember) => [address, uid]))
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === 'ENOENT') return undefined
    throw problem(table, error)
  }
}

export type NftSetChange = Readonly<{ set: string; put: readonly string[]; remove: readonly string[] }>

/** One transaction; what is put may be there, what is removed must be. */
export function changeNftSets(table: string, changes: readonly NftSetChange[]): void {
  const name = bare(table)
  exchange(
    table,
    changes.flatMap(({ set, put, remove }) => [
      ...deleteElements(name, set, remove.map(hostAddress)),
      ...newElements(name, set, put.map(hostAddress)),
    ]),
  )
}

function exchange(table: string, changes: readonly Change[]): void {
  if (changes.length === 0) return
  using socket = new NetlinkSocket('netfilter')
  try {
    socket.requestAll(changes, framed)
  } catch (error) {
    throw problem(table, error)
  }
}

function problem(table: string, cause: unknown): unknown {
  if (!(cause instanceof SystemCallError)) return cause
  return new NetnsError('netlink', `the nftables table ${table} cannot be read or changed`, {
    detail: cause.errno,
    cause,
  })
}
