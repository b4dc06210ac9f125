import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { listenOnPort } from './port.ts'

const log = pino({ level: 'silent' })

async function takenPort() {
  const other = createServer()
  other.listen(0)
  await once(other, 'listening')
  return { other, port: (other.address() as AddressInfo).port }
}

describe('listenOnPort', () => {
  it('waits for the port that a predecessor still has', async () => {
    const { other, port } = await takenPort()
    const server = createServer()
    const listening = listenOnPort(server, port, 'HEALTH_PORT', log)
    setTimeout(() => other.close(), 10)
    await listening
    expect(server.listening).toBe(true)
    server.close()
  })

  it('names setting and port when another process keeps it', async () => {
    const { other, port } = await takenPort()
    await expect(listenOnPort(createServer(), port, 'HEALTH_PORT', log, 1)).rejects.toThrow(
      `HEALTH_PORT: cannot listen on port ${port}: `,
    )
    other.close()
  })
})
