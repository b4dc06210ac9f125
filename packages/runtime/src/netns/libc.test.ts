import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { peerUid, reserveDescriptors, setNetworkNamespace } from './libc.ts'

describe('the peer of a Unix socket', () => {
  it('is known by its user while connected, and unknown afterwards', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'peer-'))
    const server = createServer()
    try {
      server.listen(join(directory, 'socket'))
      await once(server, 'listening')
      const client = connect(join(directory, 'socket'))
      const [socket]: Socket[] = await once(server, 'connection')
      if (!socket) throw new Error('no connection')
      expect(peerUid(socket)).toBe(process.getuid?.())
      socket.destroy()
      client.destroy()
      expect(peerUid(socket)).toBeUndefined()
    } finally {
      server.close()
      await rm(directory, { recursive: true })
    }
  })
})

describe('a system call that fails', () => {
  it('names itself and its errno', () => {
    expect(() => setNetworkNamespace(-1)).toThrow(
      expect.objectContaining({ name: 'SystemCallError', call: 'setns', errno: 'EBADF' }),
    )
  })
})

describe('the table of descriptors', () => {
  const size = () => Number(/FDSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])

  it('grows at once and not again, and none of them is kept', () => {
    const [before, open] = [size(), readdirSync('/proc/self/fd').length]
    reserveDescriptors(before * 2)
    expect(size()).toBeGreaterThanOrEqual(before * 2)
    expect(readdirSync('/proc/self/fd').length).toBe(open)
  })

  it('stays as it is where so many are not allowed', () => {
    const before = size()
    reserveDescriptors(2 ** 31 - 1)
    expect(size()).toBe(before)
  })
})
