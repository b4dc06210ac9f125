/**
 * The messages of the kernel's ip_set, <linux/netfilter/ipset/ip_set.h>, as far as sets of addresses with comments
 * need them. Pure. Protocol 6 is what every kernel since 2.6.39 speaks; newer ones know 7 too.
 */
import type { HostSet } from '../rules/host.ts'
import { addressOfBytes, type HostAddress, type ProbeMember } from './host-addresses.ts'
import {
  type Attribute,
  type Change,
  decodeAttributes,
  listAttributes,
  type Message,
  nested,
} from './netlink.ts'

const subsystem = 6 << 8
export const kinds = {
  create: subsystem | 2,
  destroy: subsystem | 3,
  flush: subsystem | 4,
  list: subsystem | 7,
  add: subsystem | 9,
  remove: subsystem | 10,
} as const

const protocol = 6
const attribute = { protocol: 1, set: 2, type: 3, revision: 4, family: 5, data: 7, many: 8, line: 9 } as const
const data = { address: 1, flags: 8, comment: 26 } as const
const addressFamily = { 4: 1, 6: 2 } as const
const networkOrder = 0x4000
const withComment = 1 << 4
/** The first revision of hash:ip with comments, kernel 3.13. */
const revision = 2
/** One attribute that holds entries is bounded by 64 KiB, one entry takes about a hundred bytes. */
const mostEntries = 400

/** struct nfgenmsg: family, version, resource. */
export const body = Buffer.from([2, 0, 0, 0])

const cString = (text: string): Buffer => Buffer.from(`${text}\0`)
const named = (name: string): Attribute[] => [
  { type: attribute.protocol, value: Buffer.from([protocol]) },
  { type: attribute.set, value: cString(name) },
]

/** An existing set of the same kind is no error: the flag for that is the absence of NLM_F_EXCL. */
export function createRequest({ name, family }: HostSet): Change {
  const flags = Buffer.from([0, 0, 0, withComment])
  return change(kinds.create, [
    ...named(name),
    { type: attribute.type, value: cString('hash:ip') },
    { type: attribute.revision, value: Buffer.from([revision]) },
    { type: attribute.family, value: Buffer.from([family === 4 ? 2 : 10]) },
    nested(attribute.data, [{ type: data.flags | networkOrder, value: flags }]),
  ])
}

export const destroyRequest = (name: string): Change => change(kinds.destroy, named(name))
export const flushRequest = (name: string): Change => change(kinds.flush, named(name))
export const listAttributesOf = (name: string): Attribute[] => named(name)

/** Adds, or gives what is there another comment. */
export const addRequests = (
  name: string,
  entries: readonly Readonly<{ address: HostAddress; uid: string }>[],
): Change[] =>
  entryRequests(
    kinds.add,
    name,
    entries.map(({ address, uid }) => [
      addressAttribute(address),
      { type: data.comment, value: cString(comment(uid)) },
    ]),
  )

/** Takes away; what is not there is no error. */
export const removeRequests = (name: string, addresses: readonly HostAddress[]): Change[] =>
  entryRequests(
    kinds.remove,
    name,
    addresses.map((address) => [addressAttribute(address)]),
  )

/** The entries in one message of a listing. */
export function entriesOf(message: Message): ProbeMember[] {
  if (message.kind !== kinds.list) return []
  const many = decodeAttributes(message.body, body.length).get(attribute.many)
  if (!many) return []
  return listAttributes(many, 0).flatMap((entry) => {
    const found = decodeAttributes(entry.value, 0)
    const address = listAttributes(found.get(data.address) ?? Buffer.alloc(0), 0)[0]?.value
    if (address?.length !== 4 && address?.length !== 16) return []
    const uid = found.get(data.comment)?.toString('utf8').replace(/\0.*$/s, '') ?? ''
    return [{ address: addressOfBytes(address).text, uid }]
  })
}

/** The kernel takes up to 255 bytes without quotation marks. */
const comment = (uid: string): string => uid.replaceAll(/["\0]/g, '').slice(0, 100)

const addressAttribute = ({ family, bytes }: HostAddress): Attribute =>
  nested(data.address, [{ type: addressFamily[family] | networkOrder, value: bytes }])

function entryRequests(kind: number, name: string, entries: readonly (readonly Attribute[])[]): Change[] {
  const requests: Change[] = []
  for (let at = 0; at < entries.length; at += mostEntries) {
    const some = entries.slice(at, at + mostEntries).map((entry) => nested(attribute.data, entry))
    // A line number belongs to every request with many entries; it is only for messages to people.
    const line = { type: attribute.line | networkOrder, value: Buffer.from([0, 0, 0, 1]) }
    requests.push(change(kind, [...named(name), line, nested(attribute.many, some)]))
  }
  return requests
}

const change = (kind: number, attributes: readonly Attribute[]): Change => ({
  kind,
  changeFlags: 0,
  body,
  attributes,
})
