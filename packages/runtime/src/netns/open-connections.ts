/**
 * Connections that are open when their namespace gets its rules. The kernel tracks connections only once rules need
 * it. One that it then meets midway counts as new to it, and is redirected to a port where nobody knows it and that
 * resets it; unless it is told to take up none midway: then it passes them by, untracked, for as long as they last.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { closeDescriptor, mountProc, SystemCallError } from './libc.ts'
import type { UndoStack } from './undo.ts'

/** nf_conntrack-sysctl.rst: whether connections are picked up midway; of each namespace its own, at first 1 */
const setting = 'sys/net/netfilter/nf_conntrack_tcp_loose'

/** In the calling thread's namespace. Where the kernel does not let us, open connections end, as the original's do. */
export function spareOpenConnections(undo: UndoStack): void {
  if (hasSockets() && present() === '1' && write('0')) undo.push(() => write('1'))
}

/** As the kernel has it at first: without rules nothing is redirected. */
export function takeUpOpenConnections(): void {
  if (present() === '0') write('1')
}

/**
 * A namespace that was only just made has none, and nothing that could be cut. Counted, since for a list of them the
 * kernel goes through those of the whole node, which takes milliseconds.
 */
function hasSockets(): boolean {
  return ['sockstat', 'sockstat6'].some((name) =>
    /^TCP6?: inuse [1-9]/m.test(contentOf(`/proc/thread-self/net/${name}`)),
  )
}

const present = (): string => contentOf(`/proc/${setting}`).trim()

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** A container sees its /proc/sys read-only; what it may do in the pod's namespace it may through a /proc of its own. */
function write(value: '0' | '1'): boolean {
  if (writeInto('/proc', value)) return true
  try {
    const proc = mountProc()
    try {
      return writeInto(`/proc/self/fd/${proc}`, value)
    } finally {
      closeDescriptor(proc)
    }
  } catch (error) {
    if (error instanceof SystemCallError) return false
    throw error
  }
}

function writeInto(proc: string, value: string): boolean {
  try {
    writeFileSync(`${proc}/${setting}`, value, { flag: 'r+' })
    return true
  } catch {
    return false
  }
}
