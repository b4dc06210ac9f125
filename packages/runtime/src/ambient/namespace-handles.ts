import { closeSync, statSync } from 'node:fs'
import { NetnsError } from '../netns/errors.ts'
import { hostNamespaceInodes, openNamespace } from '../netns/namespace.ts'
import type { NamespaceHandles, OpenNetns } from './ports.ts'

/** Descriptors of this process. An open one keeps its namespace, and so the inode, from being anybody else's. */
export const namespaceHandles: NamespaceHandles = {
  open(path) {
    const { fd, inode } = openNamespace(path)
    if (!hostNamespaceInodes().has(inode)) return { fd, inode }
    closeSync(fd)
    throw new NetnsError('host-namespace', `${path} is the network namespace of the node`)
  },
  close: ({ fd }) => closeSync(fd),
  inodeOf: async (path) => {
    try {
      return statSync(path, { bigint: true }).ino
    } catch {
      return undefined
    }
  },
}

/** A path that stays the same namespace whatever becomes of the one that it was opened by. */
export const pathOf = ({ fd }: OpenNetns): string => `/proc/self/fd/${fd}`
