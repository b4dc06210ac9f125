/** Sets of addresses for iptables, in the calling thread's network namespace; no program is started. */
import type { HostSet } from '../rules/host.ts'
import { NetnsError } from './errors.ts'
import { type HostAddress, hostAddress, type ProbeMember } from './host-addresses.ts'
import {
  addRequests,
  body,
  createRequest,
  destroyRequest,
  entriesOf,
  flushRequest,
  kinds,
  listAttributesOf,
  removeRequests,
} from './ip-set-messages.ts'
import { SystemCallError } from './libc.ts'
import { type Change, NetlinkSocket } from './netlink.ts'

/** Numbers of ip_set's own errors that libc has no names for. */
const words: Readonly<Record<string, string>> = {
  EINVAL: 'this kernel has no ip_set (module ip_set_hash_ip)',
  'errno 4098': 'this kernel has no sets of type hash:ip with comments (module ip_set_hash_ip)',
  'errno 4099': "the kernel's number of sets is used up",
  'errno 4100': 'rules of others use the set',
  EEXIST: 'a set of this name but of another kind exists; remove it with: ipset destroy',
}

/** Creates the set, or finds that it is there. */
export function ensureIpSet(set: HostSet): void {
  exchange('created', set.name, [createRequest(set)])
}

/** Address to owner; undefined when there is no such set. */
export function ipSetMembers(name: string): Map<string, string> | undefined {
  using socket = new NetlinkSocket('netfilter')
  try {
    const messages = socket.dump(kinds.list, body, listAttributesOf(name))
    return new Map(messages.flatMap(entriesOf).map(({ address, uid }) => [address, uid]))
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EINVAL')) return undefined
    throw problem('listed', name, error)
  }
}

/** Puts members in, which replaces the owner of those that are there, and takes others away; all of one family. */
export function changeIpSet(name: string, put: readonly ProbeMember[], remove: readonly string[]): void {
  const entries = put.map(({ address, uid }) => ({ address: hostAddress(address), uid }))
  const gone: HostAddress[] = remove.map(hostAddress)
  exchange('changed', name, [...removeRequests(name, gone), ...addRequests(name, entries)])
}

/** Removes the set; one that rules of others use is emptied instead. */
export function destroyIpSet(name: string): void {
  try {
    exchange('emptied', name, [flushRequest(name)])
    exchange('removed', name, [destroyRequest(name)])
  } catch (error) {
    if (!hasErrno(causeOf(error), 'ENOENT', 'EINVAL', 'errno 4100')) throw error
  }
}

function exchange(verb: string, name: string, changes: readonly Change[]): void {
  if (changes.length === 0) return
  using socket = new NetlinkSocket('netfilter')
  try {
    for (const change of changes)
      socket.request(change.kind, change.changeFlags, change.body, change.attributes)
  } catch (error) {
    throw problem(verb, name, error)
  }
}

function problem(verb: string, name: string, cause: unknown): unknown {
  if (!(cause instanceof SystemCallError)) return cause
  const missing = hasErrno(cause, 'EINVAL', 'errno 4098')
  return new NetnsError(missing ? 'backend-missing' : 'netlink', `the ipset ${name} cannot be ${verb}`, {
    detail: words[cause.errno] ?? cause.errno,
    cause,
  })
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined)

const hasErrno = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof SystemCallError && names.includes(error.errno)
