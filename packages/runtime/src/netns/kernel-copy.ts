/** Rules that are known as bytes, put into a namespace that has none: in one transaction, without a tool. */
import { framed } from './host-nft-messages.ts'
import { kernelRules } from './kernel-rules.ts'
import { SystemCallError } from './libc.ts'
import {
  type Attribute,
  type Change,
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  flags,
  listAttributes,
  NetlinkSocket,
  nested,
} from './netlink.ts'

/** <linux/netfilter/nfnetlink.h>, <linux/netfilter/nf_tables.h> */
const subsystem = 10 << 8
const tableKind = subsystem | 0
const deleteTable = subsystem | 2
const ruleKind = subsystem | 6
/** Of each kind of object the attributes that make it, without numbers that the kernel gives. */
const making: Readonly<Record<number, readonly number[]>> = {
  // NFTA_TABLE_: NAME, FLAGS, USERDATA
  [tableKind]: [1, 2, 6],
  // NFTA_CHAIN_: TABLE, NAME, HOOK, POLICY, TYPE, COUNTERS, USERDATA
  [subsystem | 3]: [1, 3, 4, 5, 7, 8, 12],
  // NFTA_RULE_: TABLE, CHAIN, EXPRESSIONS, USERDATA
  [ruleKind]: [1, 2, 4, 7],
}
const tableName = 1
const bodyLength = 4
/** NFTA_RULE_: what matches and targets of iptables want to be told of the rule that they are in */
const rule = { expressions: 4, compatibility: 5 } as const
const compatibility = { protocol: 1, flags: 2 } as const
const expression = { name: 1, data: 2 } as const
/** `meta l4proto`, followed by `cmp eq` with the number of the protocol */
const meta = { key: 2, protocolKey: 16 } as const
const comparison = { operator: 2, equal: 0, data: 3, value: 1 } as const

/** One datagram, and the number of its last message, which alone is acknowledged when all went well. */
type Transaction = Readonly<{ messages: Buffer; last: number }>
type Known = Readonly<{ making: Transaction; removal: Transaction }>

/** Of rules that many pods get. Not every rule can be made from what the kernel shows of it: not tried again. */
const known = new WeakMap<Buffer, Known | 'refused'>()

/**
 * @param bytes of {@link kernelRules}
 * @returns false when it cannot be done, and nothing has changed
 */
export function copyKernelRules(bytes: Buffer): boolean {
  const transactions = known.get(bytes) ?? transactionsFor(bytes)
  known.set(bytes, transactions)
  if (transactions === 'refused') return false
  try {
    using socket = new NetlinkSocket('netfilter')
    socket.requestEncoded(transactions.making.messages, transactions.making.last)
    if (kernelRules()?.equals(bytes) === true) return true
    socket.requestEncoded(transactions.removal.messages, transactions.removal.last)
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
  }
  known.set(bytes, 'refused')
  return false
}

function transactionsFor(bytes: Buffer): Known {
  const changes = changesFor(bytes)
  return {
    making: transactionOf(changes),
    removal: transactionOf(changes.filter(({ kind }) => kind === tableKind).map(deletion)),
  }
}

function transactionOf(changes: readonly Change[]): Transaction {
  const last = changes.length
  const messages = changes.map(({ kind, changeFlags, body, attributes }, index) => {
    const wantsAnswer = index + 1 === last ? flags.ack : 0
    return encodeMessage(kind, flags.request | wantsAnswer | changeFlags, index + 1, body, attributes)
  })
  return { messages: Buffer.concat(framed(messages)), last }
}

function changesFor(bytes: Buffer): Change[] {
  return decodeMessages(bytes).flatMap(({ kind, body }) => {
    const wanted = making[kind]
    if (wanted === undefined) return []
    const attributes = listAttributes(body, bodyLength).filter(({ type }) => wanted.includes(type))
    return {
      kind,
      changeFlags: flags.create | flags.append,
      body: body.subarray(0, bodyLength),
      attributes: kind === ruleKind ? [...attributes, ...attributes.flatMap(compatibilityOf)] : attributes,
    }
  })
}

/** The kernel does not show this attribute, so it is made from the rule. */
function compatibilityOf({ type, value }: Attribute): Attribute[] {
  const protocol = type === rule.expressions ? protocolOf(Buffer.from(value)) : undefined
  if (protocol === undefined) return []
  return [
    nested(rule.compatibility, [
      { type: compatibility.protocol, value: Buffer.from([0, 0, 0, protocol]) },
      { type: compatibility.flags, value: Buffer.alloc(4) },
    ]),
  ]
}

/** Of the packets that the expressions let pass, if they let pass but one. */
function protocolOf(expressions: Buffer): number | undefined {
  let isCompared = false
  for (const { value } of listAttributes(expressions, 0)) {
    const parts = decodeAttributes(value, 0)
    const name = parts.get(expression.name)?.toString('latin1').replace('\0', '')
    const data = decodeAttributes(parts.get(expression.data) ?? Buffer.alloc(0), 0)
    if (isCompared && name === 'cmp' && numberIn(data.get(comparison.operator)) === comparison.equal) {
      return decodeAttributes(data.get(comparison.data) ?? Buffer.alloc(0), 0).get(comparison.value)?.[0]
    }
    isCompared = name === 'meta' && numberIn(data.get(meta.key)) === meta.protocolKey
  }
  return undefined
}

const numberIn = (bytes: Buffer | undefined) => (bytes?.length === 4 ? bytes.readUInt32BE() : undefined)

const deletion = ({ body, attributes }: Change): Change => ({
  kind: deleteTable,
  changeFlags: 0,
  body,
  attributes: attributes.filter(({ type }) => type === tableName),
})
