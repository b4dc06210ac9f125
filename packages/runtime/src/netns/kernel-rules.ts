/**
 * Everything that nf_tables holds in a namespace, as bytes that are equal where tables, chains and rules are: no tool
 * and no library has to list it. Rules of iptables-nft are there too.
 */
import { SystemCallError } from './libc.ts'
import { listAttributes, NetlinkSocket } from './netlink.ts'

/** <linux/netfilter/nfnetlink.h>, <linux/netfilter/nf_tables.h> */
const subsystem = 10 << 8
const requests = { tables: subsystem | 1, chains: subsystem | 4, rules: subsystem | 7, sets: subsystem | 10 }
const kinds = { table: subsystem | 0, chain: subsystem | 3, rule: subsystem | 6 } as const
/** struct nfgenmsg, of all families; struct nlmsghdr before it */
const anyFamily = Buffer.alloc(4)
const headerLength = 16
const attributesAt = headerLength + anyFamily.length
/** Numbers that the kernel gives as it goes, by kind of object. */
const passing: Readonly<Record<number, readonly number[]>> = {
  [kinds.table]: [4],
  [kinds.chain]: [2],
  [kinds.rule]: [3, 6],
}
/** Of a chain */
const counters = 8
/** Of a rule */
const expressions = 4
const counterName = 'counter\0'

/**
 * Of the calling thread's namespace; undefined when there are sets too, whose members are not looked at, and when the
 * kernel does not tell.
 */
export function kernelRules(): Buffer | undefined {
  return ifTold((socket) => {
    if (socket.dump(requests.sets, anyFamily).length > 0) return undefined
    const bytes = Buffer.concat(
      [requests.tables, requests.chains, requests.rules].flatMap((kind) => socket.dumpBytes(kind, anyFamily)),
    )
    steady(bytes)
    return bytes
  })
}

/** Whether the kernel says that there is no table at all. */
export function hasNoKernelRules(): boolean {
  return ifTold((socket) => socket.dump(requests.tables, anyFamily).length === 0) ?? false
}

function ifTold<T>(ask: (socket: NetlinkSocket) => T): T | undefined {
  try {
    using socket = new NetlinkSocket('netfilter')
    return ask(socket)
  } catch (error) {
    if (error instanceof SystemCallError) return undefined
    throw error
  }
}

/** Zeroes in messages of nf_tables what differs between two dumps of the same rules. */
export function steady(bytes: Buffer): void {
  for (let at = 0; at + headerLength <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    if (length < headerLength || at + length > bytes.length) return
    // Sequence number and port of the socket, then the generation of the rules.
    bytes.fill(0, at + 8, at + headerLength)
    const kind = bytes.readUInt16LE(at + 4)
    const fields = passing[kind]
    if (fields !== undefined) {
      bytes.fill(0, at + headerLength + 2, at + attributesAt)
      for (const { type, value } of listAttributes(bytes.subarray(at + headerLength, at + length), 4)) {
        if (fields.includes(type)) value.fill(0)
        else if (kind === kinds.chain && type === counters) zeroValues(value)
        else if (kind === kinds.rule && type === expressions) steadyExpressions(value)
      }
    }
    at += (length + 3) & ~3
  }
}

/** A list of expressions, each a name and its data. */
function steadyExpressions(list: Buffer): void {
  for (const { value } of listAttributes(list, 0)) {
    // The name comes first, behind its header.
    if (value.toString('latin1', 4, 4 + counterName.length) !== counterName) continue
    for (const { value: data } of listAttributes(value, 4 + counterName.length)) zeroValues(data)
  }
}

function zeroValues(list: Buffer): void {
  for (const { value } of listAttributes(list, 0)) value.fill(0)
}
