import { constants, open, opendir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import { resultNamesUs } from './cached-result.ts'
import { systemCodeOf } from './errors.ts'
import { isNodes, type Mount, mountOf } from './mounts.ts'

/** Of a cached result: a configuration of at most 1 MiB in Base64, and its result. */
const longestResult = 4 * 1024 * 1024

/** libcni's `results`, and where its versions before 0.7 kept them. */
const resultDirectories = ['results', 'cache/results']

/**
 * Why the plugin must stay for the sandboxes that run: the first cached result that names it, or that cannot be
 * looked at; undefined if there is none. `mounts` are given when the directories must be mounted from the node.
 */
export async function cachedResultNamingUs(
  directories: readonly string[],
  mounts: readonly Mount[] | undefined,
): Promise<string | undefined> {
  for (const directory of directories) {
    const real = await realpath(directory).catch(() => directory)
    if (mounts !== undefined && !isNodes(mountOf(real, mounts))) {
      return `${directory}, where the runtime keeps its results, is not mounted from the node`
    }
    for (const name of resultDirectories) {
      const found = await firstIn(join(directory, name))
      if (found !== undefined) return found
    }
  }
  return undefined
}

async function firstIn(directory: string): Promise<string | undefined> {
  try {
    for await (const { name } of await opendir(directory)) {
      const why = await whyStay(join(directory, name))
      if (why !== undefined) return `${join(directory, name)} ${why}`
    }
    return undefined
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? undefined : `${directory} cannot be read: ${messageOf(error)}`
  }
}

async function whyStay(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    try {
      const stats = await file.stat()
      if (stats.isDirectory()) return undefined
      if (!stats.isFile() || stats.size > longestResult) return 'is no cached result that can be read'
      return resultNamesUs(await file.readFile('utf8')) ? 'names the plugin' : undefined
    } finally {
      await file.close()
    }
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? undefined : `cannot be read: ${messageOf(error)}`
  }
}
