import type { PluginPorts } from './ports.ts'

/** A socket in the agent's directory that may be spoken to, and whom we accept behind it. */
export interface TrustedSocket {
  readonly path: string
  /** Users that the listening process may run as. */
  readonly userIds: readonly number[]
}

export type SocketVerdict = TrustedSocket | { readonly absent: string } | { readonly distrust: string }

const ROOT = 0
const OTHERS_MAY_WRITE = 0o002
const GROUP_MAY_WRITE = 0o020

/**
 * Who could have put a socket there decides whether we tell it about pods and believe its answers.
 *
 * The directory must belong to root or to our own user; or, for an agent that runs as another user, lie
 * in a directory of root's. Nobody else may write into it. The listener must then be root, our own
 * user, or the user whose socket it is (compared with SO_PEERCRED, see `acceptsPeer`).
 */
export function trustedSocket(directory: string, name: string, ports: PluginPorts): SocketVerdict {
  const path = `${directory}/${name}`
  const ours = [ROOT, ports.userId()]
  const folder = ports.stat(directory, true)
  if (folder === undefined) return { absent: `${directory} does not exist` }
  if (folder.kind !== 'directory') return { distrust: `${directory} is no directory` }
  if (writableByOthers(folder))
    return { distrust: `${directory} can be written by others (mode ${octal(folder.mode)})` }
  if (!ours.includes(folder.userId) && !liesInRootsDirectory(directory, ports)) {
    return {
      distrust: `${directory} belongs to user ${folder.userId} and lies in a directory that is not root's alone`,
    }
  }
  const socket = ports.stat(path, false)
  if (socket === undefined) return { absent: `${path} does not exist` }
  if (socket.kind !== 'socket') return { distrust: `${path} is no socket` }
  return { path, userIds: [...ours, socket.userId] }
}

export function acceptsPeer(socket: TrustedSocket, peerUserId: number): boolean {
  return socket.userIds.includes(peerUserId)
}

function liesInRootsDirectory(directory: string, ports: PluginPorts): boolean {
  const parent = ports.stat(directory.replace(/\/+[^/]*\/*$/, '') || '/', true)
  return parent !== undefined && parent.userId === ROOT && !writableByOthers(parent)
}

/** Root's group is as good as root. */
export function writableByOthers({ mode, groupId }: { mode: number; groupId: number }): boolean {
  return (mode & OTHERS_MAY_WRITE) !== 0 || ((mode & GROUP_MAY_WRITE) !== 0 && groupId !== ROOT)
}

function octal(mode: number): string {
  return mode.toString(8)
}
