// buildah without a daemon and without rights that a container lacks: its store below the cache, no namespaces.
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory } from '../tools.ts'

const run = promisify(execFile)
export const imageCache = join(cacheDirectory, 'image')
const store = ['--root', join(imageCache, 'store'), '--runroot', join(imageCache, 'run')]

/** @returns why no image can be built here; undefined when it can */
export function missingForImage(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root, to make the files of a root file system'
  const lacks = ['buildah', 'mmdebstrap'].find((name) => spawnSync(name, ['--version']).error !== undefined)
  return lacks && `it needs ${lacks}`
}

/** @returns its stdout, trimmed; rejects with the end of what it said */
export async function buildah(command: string, ...args: readonly string[]): Promise<string> {
  const all = [...store, '--storage-driver', 'vfs', command, ...args]
  try {
    const { stdout } = await run('buildah', all, { maxBuffer: 64 << 20 })
    return stdout.trim()
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
    const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-40).join('\n')
    if (said === '') throw new Error(`buildah ${command} failed`, { cause })
    throw new Error(`buildah ${command} failed:\n${said}`)
  }
}
