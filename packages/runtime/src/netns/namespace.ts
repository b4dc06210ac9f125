/**
 * Entering network namespaces. Only for threads made for it: a thread that is elsewhere takes everything along
 * that it opens or starts.
 */
import { closeSync, constants, fstatSync, openSync, statfsSync, statSync } from 'node:fs'
import { HOST_NETNS_PATH } from '@istio-install-cni/config-schema'
import { NetnsError } from './errors.ts'
import { closeDescriptor, owningUserNamespace, setNetworkNamespace, unshareNetworkNamespace } from './libc.ts'

/** statfs(2), <linux/magic.h> */
const nsfsMagic = 0x6e736673
const currentNamespace = '/proc/thread-self/ns/net'

/** An open network namespace; the inode identifies it as long as the descriptor is open. */
export type OpenNamespace = Readonly<{ path: string; fd: number; inode: bigint }>

/** Thrown when the thread could not get back to where it belongs: it must not be used again. */
export class LostThreadError extends Error {
  override readonly name = 'LostThreadError'
}

/** Opens what may be a namespace. A path from outside can be anything: a pipe must not hang the thread. */
export function openNamespace(path: string): OpenNamespace {
  const fd = openDescriptor(path)
  try {
    if (statfsSync(`/proc/self/fd/${fd}`).type !== nsfsMagic) {
      throw new NetnsError('not-a-namespace', `${path} is not a network namespace`)
    }
    return { path, fd, inode: fstatSync(fd, { bigint: true }).ino }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function openDescriptor(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch (cause) {
    const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ESRCH') {
      throw new NetnsError('gone', `the network namespace ${path} does not exist (any more)`, {
        detail:
          "if the pod is still there, the node's /proc or /var/run/netns is not mounted into the agent's container",
        cause,
      })
    }
    throw new NetnsError('not-entered', `the network namespace ${path} cannot be opened`, {
      detail: errno,
      cause,
    })
  }
}

/** The namespaces that no pod rules may ever go to: the one that the agent started in, and the node's first. */
export function hostNamespaceInodes(): ReadonlySet<bigint> {
  const inodes = new Set<bigint>()
  for (const path of ['/proc/self/ns/net', '/proc/1/ns/net', HOST_NETNS_PATH]) {
    try {
      inodes.add(statSync(path, { bigint: true }).ino)
    } catch {
      // Not every container sees process 1 or the node's /proc; its own namespace it always does.
    }
  }
  return inodes
}

/** The inode of the network namespace that the calling thread is in. */
function currentInode(): bigint {
  return statSync(currentNamespace, { bigint: true }).ino
}

function moveTo(namespace: OpenNamespace): void {
  try {
    setNetworkNamespace(namespace.fd)
  } catch (cause) {
    const errno = cause instanceof Error ? cause.message : String(cause)
    // setns takes a descriptor of another kind of namespace for an invalid argument.
    if (errno.endsWith('EINVAL')) {
      throw new NetnsError('not-a-namespace', `${namespace.path} is a namespace, but not a network namespace`)
    }
    throw new NetnsError('not-entered', `the network namespace ${namespace.path} cannot be entered`, {
      detail: errno,
      cause,
    })
  }
  if (currentInode() !== namespace.inode) {
    throw new NetnsError('not-entered', `the thread is not in ${namespace.path} after entering it`)
  }
}

function moveBackTo(namespace: OpenNamespace): void {
  try {
    moveTo(namespace)
  } catch (cause) {
    throw new LostThreadError(`the thread cannot return to ${namespace.path}`, { cause })
  }
}

/** Runs `work` inside the namespace and returns to `home`, whatever happens. */
export function insideNamespace<T>(target: OpenNamespace, home: OpenNamespace, work: () => T): T {
  moveTo(target)
  try {
    return work()
  } finally {
    moveBackTo(home)
  }
}

/** Runs `work` inside a new, empty network namespace that ends with it, and returns to `back`. */
export function insideScratchNamespace<T>(back: OpenNamespace, work: () => T): T {
  try {
    unshareNetworkNamespace()
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new NetnsError('not-entered', 'a scratch network namespace cannot be made', { detail, cause })
  }
  try {
    if (currentInode() === back.inode)
      throw new NetnsError('not-entered', 'unshare left the thread where it was')
    return work()
  } finally {
    moveBackTo(back)
  }
}

/** Whether the namespace belongs to another user namespace than the agent's (pods with `hostUsers: false`). */
export function isOfOtherUserNamespace(namespace: OpenNamespace): boolean {
  let owner: number
  try {
    owner = owningUserNamespace(namespace.fd)
  } catch {
    // EPERM: the owner is outside of what we may see, so the agent's own user namespace is not above it.
    return false
  }
  try {
    return fstatSync(owner, { bigint: true }).ino !== statSync('/proc/self/ns/user', { bigint: true }).ino
  } finally {
    closeDescriptor(owner)
  }
}
