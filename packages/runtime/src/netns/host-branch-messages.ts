/** Routing rules, routes to single addresses and names of devices as rtnetlink(7) messages. Pure. */

import { addressOfBytes, hostAddress } from './host-addresses.ts'
import type { HostRoute, RoutingRule } from './host-branch-rules.ts'
import { type Attribute, decodeAttributes, type Message, uint32 } from './netlink.ts'
import type { Request } from './route-messages.ts'

/** <linux/fib_rules.h>, <linux/rtnetlink.h>, <linux/if_link.h> */
const ruleAttribute = { to: 1, from: 3, priority: 6, table: 15, protocol: 21 } as const
/** What narrows a rule beyond the conditions that are looked at: source, mark, oif, ports, users and so on. */
const narrowing = [2, 10, 11, 17, 20, 22, 23, 24] as const
const routeAttribute = { to: 1, device: 4, table: 15 } as const
const nameAttribute = 3
const family = { 4: 2, 6: 10 } as const
const toTable = 1
const addressBits = { 4: 32, 6: 128 } as const

/** Who wrote a rule, as `ip rule` shows it: a number that nobody else uses (see rt_protos of iproute2). */
const ourProtocol = 77

export function branchRuleRequest({ family: ip, priority, table, to, from }: RoutingRule): Request {
  const body = Buffer.alloc(12)
  body[0] = family[ip]
  body[1] = to === undefined ? 0 : addressBits[ip]
  body[4] = table < 256 ? table : 0
  body[7] = toTable
  const attributes: Attribute[] = [
    { type: ruleAttribute.priority, value: uint32(priority) },
    { type: ruleAttribute.table, value: uint32(table) },
    { type: ruleAttribute.protocol, value: Buffer.from([ourProtocol]) },
  ]
  if (to !== undefined) attributes.push({ type: ruleAttribute.to, value: hostAddress(to).bytes })
  if (from !== undefined) attributes.push({ type: ruleAttribute.from, value: Buffer.from(`${from}\0`) })
  return { body, attributes }
}

/** Undefined for rules with other conditions than these. */
export function ruleOf({ body }: Message): (RoutingRule & { isOurs: boolean }) | undefined {
  const ip = familyOf(body)
  if (ip === undefined || body.length < 12 || body[2] !== 0 || body[7] !== toTable) return undefined
  const attributes = decodeAttributes(body, 12)
  if (narrowing.some((type) => attributes.has(type))) return undefined
  const bytes = attributes.get(ruleAttribute.to)
  if (bytes !== undefined && body[1] !== addressBits[ip]) return undefined
  const from = attributes.get(ruleAttribute.from)
  return {
    family: ip,
    priority: attributes.get(ruleAttribute.priority)?.readUInt32LE() ?? 0,
    table: attributes.get(ruleAttribute.table)?.readUInt32LE() ?? body[4] ?? 0,
    ...(bytes && { to: addressOfBytes(bytes).text }),
    ...(from && { from: cText(from) }),
    isOurs: attributes.get(ruleAttribute.protocol)?.[0] === ourProtocol,
  }
}

/** Undefined for routes to more than one address. */
export function hostRouteOf({ body }: Message, names: ReadonlyMap<number, string>): HostRoute | undefined {
  const ip = familyOf(body)
  if (ip === undefined || body.length < 12 || body[1] !== addressBits[ip]) return undefined
  const attributes = decodeAttributes(body, 12)
  const bytes = attributes.get(routeAttribute.to)
  const device = names.get(attributes.get(routeAttribute.device)?.readUInt32LE() ?? 0)
  if (!bytes || device === undefined) return undefined
  const table = attributes.get(routeAttribute.table)?.readUInt32LE() ?? body[4] ?? 0
  return { family: ip, table, to: addressOfBytes(bytes).text, device }
}

/** The index and the name of a device. */
export function deviceOf({ body }: Message): [number, string] | undefined {
  const name = body.length < 16 ? undefined : decodeAttributes(body, 16).get(nameAttribute)
  return name && [body.readUInt32LE(4), cText(name)]
}

const familyOf = (body: Buffer): 4 | 6 | undefined =>
  body[0] === family[4] ? 4 : body[0] === family[6] ? 6 : undefined

const cText = (bytes: Buffer): string => bytes.toString('utf8').replace(/\0.*$/s, '')
