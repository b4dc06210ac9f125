import type { Server } from 'node:http'
import { AgentError, messageOf } from '../errors.ts'

/** @throws AgentError that names the setting, for instance when another process has the port */
export async function listenOnPort(server: Server, port: number, setting: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, () => resolve())
    })
  } catch (cause) {
    throw new AgentError(`${setting}: cannot listen on port ${port}: ${messageOf(cause)}`, { cause })
  }
}
