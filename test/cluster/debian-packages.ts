// Programs that Debian's packages bring, unpacked below the cache and never installed.
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { command } from '../testbed/commands.ts'
import { clusterCache } from './layout.ts'
import { runLoudly } from './run-loudly.ts'

export const packagesDirectory = join(clusterCache, 'packages')
export const unpackedDirectories = ['usr/sbin', 'usr/bin'].map((path) => join(packagesDirectory, path))
export const systemDirectories = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
]

/** @returns the first of the directories that has the program */
export function find(program: string, directories: readonly string[]): string | undefined {
  return directories
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, program))
    .find((path) => existsSync(path))
}

export const hasApt = (): boolean => find('apt-get', systemDirectories) !== undefined

/** Downloads and unpacks packages; what they depend on is not brought. */
export async function unpack(packages: readonly string[]): Promise<void> {
  if (packages.length === 0) return
  const downloads = join(packagesDirectory, 'downloads')
  await mkdir(downloads, { recursive: true })
  await runLoudly('apt-get', ['update'])
  await runLoudly('apt-get', ['download', ...packages], { cwd: downloads })
  for (const file of readdirSync(downloads).filter((name) => name.endsWith('.deb')))
    await command('dpkg-deb', '-x', join(downloads, file), packagesDirectory)
  await rm(downloads, { recursive: true })
}
