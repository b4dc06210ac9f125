import { once } from 'node:events'
import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { dirname } from 'node:path'
import { peerUid } from '../netns/libc.ts'

/** Only root reaches the agent: the container runtime and what it executes. */
const socketMode = 0o600

/**
 * Serves on a Unix socket that takes the place of a predecessor's at once: a plugin finds the old one, the new
 * one, never none.
 */
export async function listenOnUnixSocket(server: Server, path: string): Promise<void> {
  server.on('connection', (socket) => {
    if (!isTrusted(socket)) socket.destroy()
  })
  const unfinished = `${path}.${process.pid}`
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await rm(unfinished, { force: true })
  const before = process.umask(0o177)
  server.listen(unfinished)
  process.umask(before)
  if (!server.listening) await once(server, 'listening')
  await chmod(unfinished, socketMode)
  await rename(unfinished, path)
}

/** The mode keeps others out; this holds even where somebody changed it. */
function isTrusted(socket: Socket): boolean {
  const uid = peerUid(socket)
  return uid === 0 || uid === process.getuid?.()
}
