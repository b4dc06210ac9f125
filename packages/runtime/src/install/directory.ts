import { constants, lstat, open, readdir, readlink, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { messageOf } from '../errors.ts'
import { InstallError, systemCodeOf } from './errors.ts'
import { temporaryPrefix, versionOf } from './files.ts'
import { longestConfig } from './network-config.ts'
import { type ConfigFile, isConfigName } from './select.ts'

export interface ConfigDirectory {
  /** All names, to tell which network the node has. */
  names: string[]
  /** The files that a runtime would look at, and those in `also`. */
  files: ConfigFile[]
}

/**
 * Reads the network config directory. `nodePath` is the same directory as the node sees it: an absolute link
 * into it points inside. Throws `InstallError` if the directory cannot be listed.
 */
export async function readConfigDirectory(
  path: string,
  nodePath: string,
  also: readonly string[],
): Promise<ConfigDirectory> {
  const names = await list(path)
  const wanted = names.filter((name) => isConfigName(name) || also.includes(name))
  const files = await Promise.all(wanted.map((name) => readConfigFile(path, nodePath, name)))
  return { names, files: files.filter((file) => file !== undefined) }
}

async function list(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => !name.startsWith(temporaryPrefix))
  } catch (cause) {
    throw new InstallError('UNREADABLE', `cannot list ${path}: ${messageOf(cause)}`, { path, cause })
  }
}

async function readConfigFile(
  directory: string,
  nodePath: string,
  name: string,
): Promise<ConfigFile | undefined> {
  try {
    const path = await targetOf(directory, nodePath, name)
    if (path === undefined) {
      const target = await readlink(join(directory, name))
      return {
        name,
        problem: `it is a symbolic link to ${target}, outside the directory`,
        symlinkOutside: true,
      }
    }
    return await readRegularFile(path, name)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    return { name, problem: `cannot be read: ${messageOf(error)}`, symlinkOutside: false }
  }
}

async function readRegularFile(path: string, name: string): Promise<ConfigFile> {
  // O_NONBLOCK: opening a FIFO that somebody left there must not hang.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  try {
    const stats = await file.stat({ bigint: true })
    const problem = !stats.isFile()
      ? 'not a regular file'
      : stats.size > longestConfig
        ? 'too large'
        : undefined
    if (problem !== undefined) return { name, problem, symlinkOutside: false }
    const bytes = await file.readFile()
    const text = decode(bytes)
    if (text === undefined) return { name, problem: 'not UTF-8', symlinkOutside: false }
    return { name, text, version: versionOf(path, stats) }
  } finally {
    await file.close()
  }
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The file behind `name`; undefined if a link leads out of the directory. */
async function targetOf(directory: string, nodePath: string, name: string): Promise<string | undefined> {
  const path = join(directory, name)
  if (!(await lstat(path)).isSymbolicLink()) return path
  const target = await readlink(path)
  const here = target.startsWith(nodePath + sep) ? join(directory, target.slice(nodePath.length)) : path
  const inside = (await realpath(directory)) + sep
  const real = await realpath(here).catch(() => '')
  return real.startsWith(inside) ? real : undefined
}
