import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const program = join(import.meta.dirname, '../../test/netns/transparent-listener.ts')

/** The inbound half of a proxy in TPROXY mode. @returns what stops it */
export async function startTransparentProxy(namespace: string): Promise<() => void> {
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  return () => child.stdin.end()
}
