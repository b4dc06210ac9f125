/** The routing rules for pods with AWS branch interfaces, in the calling thread's network namespace. */
import { readFileSync } from 'node:fs'
import type { Difference } from './difference.ts'
import { NetnsError } from './errors.ts'
import { branchRuleRequest, deviceOf, hostRouteOf, ruleOf } from './host-branch-messages.ts'
import { branchRules, isSameRule, type RoutingRule, ruleInWords } from './host-branch-rules.ts'
import { SystemCallError } from './libc.ts'
import { flags, type Message, RouteSocket } from './netlink.ts'
import { dumpBody, kinds } from './route-messages.ts'

/** Makes the node have exactly the rules that these addresses need; says how many it changed. */
export function applyBranchRules(addresses: readonly string[]): number {
  if (!mayHaveBranches()) return 0
  using socket = new RouteSocket()
  const { missing, stale } = compared(addresses, socket)
  for (const rule of stale) change('removed', rule, () => request(socket, kinds.deleteRule, 0, rule))
  for (const rule of missing) {
    change('added', rule, () => request(socket, kinds.newRule, flags.create | flags.exclusive, rule))
  }
  return stale.length + missing.length
}

export function branchDifferences(addresses: readonly string[]): Difference[] {
  if (!mayHaveBranches()) return []
  using socket = new RouteSocket()
  const { missing, stale } = compared(addresses, socket)
  const as = (kind: Difference['kind']) => (rule: RoutingRule) =>
    ({ where: 'ip rule', kind, line: ruleInWords(rule) }) as const
  return [...missing.map(as('missing')), ...stale.map(as('unexpected'))]
}

/** A node with such pods has this switched off: AWS demands it of everybody who uses them. */
function mayHaveBranches(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv4/tcp_early_demux', 'utf8').startsWith('0')
  } catch {
    return false
  }
}

/** Rules that others wrote in the same words, the original for one, are as good as ours, and stay. */
function compared(addresses: readonly string[], socket: RouteSocket) {
  const devices = dump(socket, kinds.getLink, Buffer.alloc(16)).map(deviceOf)
  const names = new Map(devices.filter((device) => device !== undefined))
  const rules = both((family) => dump(socket, kinds.getRule, dumpBody(family, 12))).flatMap(
    (message) => ruleOf(message) ?? [],
  )
  const routes = both((family) => dump(socket, kinds.getRoute, dumpBody(family, 12))).flatMap(
    (message) => hostRouteOf(message, names) ?? [],
  )
  const wanted = addresses.length === 0 ? [] : branchRules(addresses, rules, routes)
  return {
    missing: wanted.filter((rule) => !rules.some((present) => isSameRule(present, rule))),
    stale: rules.filter((rule) => rule.isOurs && !wanted.some((one) => isSameRule(one, rule))),
  }
}

const both = (read: (family: 4 | 6) => Message[]): Message[] => [...read(4), ...read(6)]

/** A kernel without IPv6 refuses the question. */
function dump(socket: RouteSocket, kind: number, body: Buffer): Message[] {
  try {
    return socket.dump(kind, body)
  } catch (error) {
    if (error instanceof SystemCallError && ['EAFNOSUPPORT', 'EOPNOTSUPP'].includes(error.errno)) return []
    throw error
  }
}

function request(socket: RouteSocket, kind: number, changeFlags: number, rule: RoutingRule): void {
  const { body, attributes } = branchRuleRequest(rule)
  socket.request(kind, changeFlags, body, attributes)
}

/** What is already so is no error: the AWS plugin removes rules of its own at the same time. */
function change(verb: string, rule: RoutingRule, act: () => void): void {
  try {
    act()
  } catch (cause) {
    if (!(cause instanceof SystemCallError)) throw cause
    if (cause.errno === 'EEXIST' || cause.errno === 'ENOENT') return
    throw new NetnsError('netlink', `ip rule ${ruleInWords(rule)} cannot be ${verb}`, {
      detail: cause.errno,
      cause,
    })
  }
}
