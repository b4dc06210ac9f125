/**
 * The messages of nf_tables for a table with sets of addresses, <linux/netfilter/nf_tables.h>. Pure.
 *
 * nft and libnftables from 1.1.2 on write user data with every set that they make, and nft before 1.1.2, which many
 * nodes have, crashes when it reads that: so the sets in the node's namespace are made without.
 */
import type { HostSet } from '../rules/host.ts'
import { addressOfBytes, type HostAddress, type ProbeMember } from './host-addresses.ts'
import {
  type Attribute,
  type Change,
  decodeAttributes,
  encodeMessage,
  flags,
  listAttributes,
  type Message,
  nested,
} from './netlink.ts'

const subsystem = 10 << 8
export const kinds = {
  newTable: subsystem | 0,
  deleteTable: subsystem | 2,
  newSet: subsystem | 9,
  newElements: subsystem | 12,
  getElements: subsystem | 13,
  deleteElements: subsystem | 14,
} as const
const batch = { begin: 16, end: 17 } as const

/** struct nfgenmsg with the family `inet`. */
export const body = Buffer.from([1, 0, 0, 0])
const tableAttribute = { name: 1 } as const
const setAttribute = { table: 1, name: 2, flags: 3, keyType: 4, keyLength: 5, id: 10 } as const
const listAttribute = { table: 1, set: 2, elements: 3 } as const
const elementAttribute = { key: 1, userData: 6 } as const
const value = 1
const one = 1
/** nft's numbers of the types ipv4_addr and ipv6_addr, and their lengths in bytes. */
const keyOf = { 4: { type: 7, length: 4 }, 6: { type: 8, length: 16 } } as const
/** An element takes up to 28 bytes in an attribute that 64 KiB bound. */
const mostElements = 1000

const cString = (text: string): Buffer => Buffer.from(`${text}\0`)

function big(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(number)
  return bytes
}

/** What nf_tables wants around the messages of one transaction. */
export function framed(messages: Buffer[]): Buffer[] {
  const frame = (kind: number) => encodeMessage(kind, flags.request, 0, Buffer.from([0, 0, 0, 10]), [])
  return [frame(batch.begin), ...messages, frame(batch.end)]
}

const change = (kind: number, changeFlags: number, attributes: readonly Attribute[]): Change => ({
  kind,
  changeFlags,
  body,
  attributes,
})

export const newTable = (table: string): Change =>
  change(kinds.newTable, flags.create, [{ type: tableAttribute.name, value: cString(table) }])

export const deleteTable = (table: string): Change =>
  change(kinds.deleteTable, 0, [{ type: tableAttribute.name, value: cString(table) }])

/** `id` is unique in the transaction. */
export const newSet = (table: string, { name, family }: HostSet, id: number): Change =>
  change(kinds.newSet, flags.create, [
    { type: setAttribute.table, value: cString(table) },
    { type: setAttribute.name, value: cString(name) },
    { type: setAttribute.flags, value: big(0) },
    { type: setAttribute.keyType, value: big(keyOf[family].type) },
    { type: setAttribute.keyLength, value: big(keyOf[family].length) },
    { type: setAttribute.id, value: big(id) },
  ])

export const newElements = (table: string, set: string, addresses: readonly HostAddress[]): Change[] =>
  elementChanges(kinds.newElements, flags.create, table, set, addresses)

/** All of them must be there. */
export const deleteElements = (table: string, set: string, addresses: readonly HostAddress[]): Change[] =>
  elementChanges(kinds.deleteElements, 0, table, set, addresses)

function elementChanges(
  kind: number,
  changeFlags: number,
  table: string,
  set: string,
  addresses: readonly HostAddress[],
): Change[] {
  const changes: Change[] = []
  for (let at = 0; at < addresses.length; at += mostElements) {
    const elements = addresses
      .slice(at, at + mostElements)
      .map(({ bytes }) => nested(one, [nested(elementAttribute.key, [{ type: value, value: bytes }])]))
    changes.push(
      change(kind, changeFlags, [...elementsOf(table, set), nested(listAttribute.elements, elements)]),
    )
  }
  return changes
}

export const elementsOf = (table: string, set: string): Attribute[] => [
  { type: listAttribute.table, value: cString(table) },
  { type: listAttribute.set, value: cString(set) },
]

/** The members in one message of a listing; the original's have their owner as a comment. */
export function membersOf(message: Message): ProbeMember[] {
  if (message.kind !== kinds.newElements) return []
  const elements = decodeAttributes(message.body, body.length).get(listAttribute.elements)
  return listAttributes(elements ?? Buffer.alloc(0), 0).flatMap((element) => {
    const found = decodeAttributes(element.value, 0)
    const key = decodeAttributes(found.get(elementAttribute.key) ?? Buffer.alloc(0), 0).get(value)
    if (key?.length !== 4 && key?.length !== 16) return []
    return [{ address: addressOfBytes(key).text, uid: commentOf(found.get(elementAttribute.userData)) }]
  })
}

/** User data is type, length, value; 0 is the comment. */
function commentOf(userData: Buffer | undefined): string {
  if (userData?.[0] !== 0) return ''
  return userData
    .subarray(2, 2 + (userData[1] ?? 0))
    .toString('utf8')
    .replace(/\0.*$/s, '')
}
