/** What a redirection needs besides packet rules, by rtnetlink in the calling thread's network namespace. */
import type { PolicyRoute, SystemChanges } from '../rules/program.ts'
import type { Difference } from './difference.ts'
import { NetnsError } from './errors.ts'
import { parseAddress } from './ip-address.ts'
import type { Ipv6 } from './ipv6.ts'
import { SystemCallError } from './libc.ts'
import { flags, RouteSocket } from './netlink.ts'
import {
  addressRequest,
  dumpBody,
  isAddress,
  isLocalRoute,
  isLoopbackUp,
  isRule,
  kinds,
  type LoopbackAddress,
  localRouteRequest,
  loopbackStateBody,
  ruleRequest,
} from './route-messages.ts'
import type { UndoStack } from './undo.ts'

const creating = flags.create | flags.exclusive

/** EACCES: net.ipv6.conf.lo.disable_ipv6 is 1; the others: a kernel without IPv6. */
const noIpv6 = new Set(['EACCES', 'EAFNOSUPPORT', 'EOPNOTSUPP'])

/** One thing that is either there or not; all three act on the calling thread's namespace. */
type Part = Readonly<{
  family: 4 | 6
  where: Difference['where']
  line: string
  isPresent(socket: RouteSocket): boolean
  add(socket: RouteSocket): void
  remove(socket: RouteSocket): void
}>

/**
 * Adds what is missing and says how much that was. What is there already is left as it is, never doubled.
 *
 * @param ipv6 what need not be there because the namespace has no use for it
 */
export function addSystemChanges(changes: SystemChanges, ipv6: Ipv6, undo: UndoStack): number {
  const parts = partsOf(changes, ipv6)
  if (parts.length === 0) return 0
  using socket = new RouteSocket()
  const missing = parts.filter((part) => !isThere(part, socket))
  for (const part of missing) {
    attempt(part, 'added', () => part.add(socket))
    undo.push(() => {
      using undoSocket = new RouteSocket()
      part.remove(undoSocket)
    })
  }
  return missing.length
}

/** Removes all of it, also what was added twice; `lo` stays up. */
export function removeSystemChanges({ loopbackAddresses, policyRoutes }: SystemChanges): void {
  using socket = new RouteSocket()
  // Others like the numbers of the tables too: a route that our rule doesn't lead to is theirs.
  const ours = policyRoutes.filter((route) => isThere(rulePart(route), socket))
  for (const part of partsOf({ loopbackAddresses, policyRoutes: ours }, 'on')) {
    if (part === loopbackUpPart) continue
    // The original adds the same routing rule once for each ADD; the bound is against a writer that adds as we go.
    for (let copies = 0; copies < 64 && isThere(part, socket); copies++) {
      attempt(part, 'removed', () => part.remove(socket))
    }
  }
}

export function missingSystemChanges(changes: SystemChanges, ipv6: Ipv6): Difference[] {
  const parts = partsOf(changes, ipv6)
  if (parts.length === 0) return []
  using socket = new RouteSocket()
  return parts
    .filter((part) => !isThere(part, socket))
    .map(({ where, line }) => ({ where, kind: 'missing', line }))
}

function partsOf(changes: SystemChanges, ipv6: Ipv6): Part[] {
  const parts = [
    ...changes.loopbackAddresses.map((text) => addressPart(text, parseAddress(text))),
    ...(changes.policyRoutes.length > 0 ? [loopbackUpPart] : []),
    ...changes.policyRoutes.flatMap((route) => [rulePart(route), routePart(route)]),
  ]
  return parts.filter(({ family, where }) => {
    if (family === 4 || ipv6 === 'on') return true
    return ipv6 === 'off on lo' && where === 'ip rule'
  })
}

/** A kernel without IPv6 refuses the question. */
function isThere(part: Part, socket: RouteSocket): boolean {
  try {
    return part.isPresent(socket)
  } catch (error) {
    if (part.family === 6 && error instanceof SystemCallError && noIpv6.has(error.errno)) return false
    throw error
  }
}

function addressPart(text: string, address: LoopbackAddress): Part {
  const { body, attributes } = addressRequest(address)
  return {
    family: address.family,
    where: 'ip address',
    line: `${text} dev lo`,
    isPresent: (socket) =>
      socket
        .dump(kinds.getAddress, dumpBody(address.family, 8))
        .some((message) => isAddress(message, address)),
    add: (socket) => socket.request(kinds.newAddress, creating, body, attributes),
    remove: (socket) => socket.request(kinds.deleteAddress, 0, body, attributes),
  }
}

/** A route over a device that is down is refused; runtimes bring lo up before they call plugins, others may not. */
const loopbackUpPart: Part = {
  family: 4,
  where: 'ip link',
  line: 'lo up',
  isPresent: (socket) => socket.dump(kinds.getLink, Buffer.alloc(16)).some(isLoopbackUp),
  add: (socket) => socket.request(kinds.newLink, 0, loopbackStateBody(true), []),
  remove: (socket) => socket.request(kinds.newLink, 0, loopbackStateBody(false), []),
}

function rulePart(route: PolicyRoute): Part {
  const { body, attributes } = ruleRequest(route)
  return {
    family: route.family,
    where: 'ip rule',
    line: `from all fwmark ${markText(route)} lookup ${route.table} (IPv${route.family})`,
    isPresent: (socket) =>
      socket.dump(kinds.getRule, dumpBody(route.family, 12)).some((message) => isRule(message, route)),
    add: (socket) => socket.request(kinds.newRule, creating, body, attributes),
    remove: (socket) => socket.request(kinds.deleteRule, 0, body, attributes),
  }
}

const markText = ({ mark, mask }: PolicyRoute): string =>
  `0x${mark.toString(16)}${mask === undefined ? '' : `/0x${mask.toString(16)}`}`

function routePart(route: PolicyRoute): Part {
  const { body, attributes } = localRouteRequest(route)
  return {
    family: route.family,
    where: 'ip route',
    line: `local default dev lo table ${route.table} (IPv${route.family})`,
    isPresent: (socket) =>
      socket.dump(kinds.getRoute, dumpBody(route.family, 12)).some((message) => isLocalRoute(message, route)),
    add: (socket) => socket.request(kinds.newRoute, creating, body, attributes),
    remove: (socket) => socket.request(kinds.deleteRoute, 0, body, attributes),
  }
}

function attempt(part: Part, verb: string, act: () => void): void {
  try {
    act()
  } catch (cause) {
    if (!(cause instanceof SystemCallError)) throw cause
    const ipv6Off = part.family === 6 && noIpv6.has(cause.errno)
    throw new NetnsError(
      ipv6Off ? 'ipv6-disabled' : 'netlink',
      `${part.where} ${part.line} cannot be ${verb}${ipv6Off ? ', IPv6 is switched off here' : ''}`,
      { detail: cause.errno, cause },
    )
  }
}
