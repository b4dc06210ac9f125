import { chmod, chown, rename } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { FakeAgent } from './fake-agent.ts'

/**
 * A listener behind the agent's socket, which is root's in any case: as another user, which is what
 * SO_PEERCRED is there to find; or one that has left without its socket.
 */
export async function listenBehind(
  agent: FakeAgent,
  { userId = 0, thenLeave = false }: { userId?: number; thenLeave?: boolean },
): Promise<void> {
  const path = join(agent.runDir, 'pluginevent.sock')
  const bound = `${path}.bound`
  await chmod(agent.runDir, 0o777)
  const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\n\r\n'))
  process.seteuid?.(userId)
  try {
    // Binds and listens before it returns: as the user of this moment.
    server.listen(bound)
  } finally {
    process.seteuid?.(0)
  }
  await new Promise((resolve) => server.once('listening', resolve))
  server.unref()
  await chown(bound, 0, 0)
  await rename(bound, path)
  await chmod(agent.runDir, 0o755)
  // Node removes the path that it bound, which is another by now.
  if (thenLeave) await new Promise((resolve) => server.close(resolve))
}
