// A network namespace that lives as long as a sleeping process in it.
import { spawn } from 'node:child_process'
import { readlink } from 'node:fs/promises'

export interface PodNamespace {
  readonly path: string
  end(): void
}

export async function podNamespace(): Promise<PodNamespace> {
  const child = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' })
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  const path = `/proc/${child.pid}/ns/net`
  const own = await readlink('/proc/self/ns/net')
  // The process exists a little earlier than its namespace.
  while ((await readlink(path)) === own) await new Promise((resolve) => setTimeout(resolve, 5))
  return { path, end: () => child.kill() }
}
