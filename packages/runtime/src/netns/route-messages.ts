/** The bodies of the rtnetlink(7) messages that are sent and read: `lo`, its addresses, routes and routing rules. */
import type { PolicyRoute } from '../rules/program.ts'
import { type Attribute, decodeAttributes, type Message, uint32 } from './netlink.ts'

/** <linux/rtnetlink.h> */
export const kinds = {
  newLink: 16,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newRule: 32,
  deleteRule: 33,
  getRule: 34,
} as const

/** The loopback device is the first of every network namespace. */
const loopbackIndex = 1

const family = { 4: 2, 6: 10 } as const
const ruleAttribute = { priority: 6, mark: 10, table: 15, mask: 16 } as const
const routeAttribute = { outInterface: 4, table: 15 } as const
const addressAttribute = { address: 1, local: 2 } as const
const wholeMark = 0xffffffff
const toTable = 1
const localType = 2
const bootProtocol = 3
const scope = { universe: 0, host: 254 } as const
const interfaceUp = 1

export type Request = Readonly<{ body: Buffer; attributes: Attribute[] }>

/** A dump request's body: the family is all that the kernel reads of it. */
export function dumpBody(ipFamily: 4 | 6, length: number): Buffer {
  const body = Buffer.alloc(length)
  body[0] = family[ipFamily]
  return body
}

/** `ip rule … fwmark MARK[/MASK] [priority PRIORITY] lookup TABLE`; without protocol, as the original sends it. */
export function ruleRequest(route: PolicyRoute): Request {
  const body = dumpBody(route.family, 12)
  body[4] = route.table < 256 ? route.table : 0
  body[7] = toTable
  return {
    body,
    attributes: [
      { type: ruleAttribute.mark, value: uint32(route.mark) },
      { type: ruleAttribute.table, value: uint32(route.table) },
      ...(route.mask === undefined ? [] : [{ type: ruleAttribute.mask, value: uint32(route.mask) }]),
      ...(route.priority === undefined
        ? []
        : [{ type: ruleAttribute.priority, value: uint32(route.priority) }]),
    ],
  }
}

/** Whether a dumped rule is that rule and nothing narrower: no addresses, the same bits of the mark. */
export function isRule(message: Message, route: PolicyRoute): boolean {
  const { body } = message
  if (body.length < 12 || body[0] !== family[route.family]) return false
  const attributes = decodeAttributes(body, 12)
  return (
    body[1] === 0 &&
    body[2] === 0 &&
    body[7] === toTable &&
    attributes.get(ruleAttribute.mark)?.readUInt32LE() === route.mark &&
    (attributes.get(ruleAttribute.mask)?.readUInt32LE() ?? wholeMark) === (route.mask ?? wholeMark) &&
    (route.priority === undefined ||
      attributes.get(ruleAttribute.priority)?.readUInt32LE() === route.priority) &&
    attributes.get(ruleAttribute.table)?.readUInt32LE() === route.table
  )
}

/** `ip route … local default dev lo table TABLE` */
export function localRouteRequest(route: PolicyRoute): Request {
  const body = dumpBody(route.family, 12)
  body[4] = route.table < 256 ? route.table : 0
  body[5] = bootProtocol
  body[6] = scope.host
  body[7] = localType
  return {
    body,
    attributes: [
      { type: routeAttribute.outInterface, value: uint32(loopbackIndex) },
      { type: routeAttribute.table, value: uint32(route.table) },
    ],
  }
}

export function isLocalRoute(message: Message, route: PolicyRoute): boolean {
  const { body } = message
  if (body.length < 12 || body[0] !== family[route.family]) return false
  const attributes = decodeAttributes(body, 12)
  return (
    body[1] === 0 &&
    body[7] === localType &&
    attributes.get(routeAttribute.outInterface)?.readUInt32LE() === loopbackIndex &&
    attributes.get(routeAttribute.table)?.readUInt32LE() === route.table
  )
}

export type LoopbackAddress = Readonly<{ family: 4 | 6; bytes: Buffer; prefixLength: number }>

export function addressRequest(address: LoopbackAddress): Request {
  const body = Buffer.alloc(8)
  body[0] = family[address.family]
  body[1] = address.prefixLength
  body[3] = scope.universe
  body.writeUInt32LE(loopbackIndex, 4)
  return {
    body,
    attributes: [
      { type: addressAttribute.local, value: address.bytes },
      { type: addressAttribute.address, value: address.bytes },
    ],
  }
}

export function isAddress(message: Message, address: LoopbackAddress): boolean {
  const { body } = message
  if (body.length < 8 || body[0] !== family[address.family]) return false
  const attributes = decodeAttributes(body, 8)
  const found = attributes.get(addressAttribute.local) ?? attributes.get(addressAttribute.address)
  return (
    body[1] === address.prefixLength &&
    body.readUInt32LE(4) === loopbackIndex &&
    found?.equals(address.bytes) === true
  )
}

/** `ip link set lo up` or `down` */
export function loopbackStateBody(up: boolean): Buffer {
  const body = Buffer.alloc(16)
  body.writeUInt32LE(loopbackIndex, 4)
  body.writeUInt32LE(up ? interfaceUp : 0, 8)
  body.writeUInt32LE(interfaceUp, 12)
  return body
}

export function isLoopbackUp(message: Message): boolean {
  const { body } = message
  return (
    body.length >= 16 &&
    body.readUInt32LE(4) === loopbackIndex &&
    (body.readUInt32LE(8) & interfaceUp) === interfaceUp
  )
}
