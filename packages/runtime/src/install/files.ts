import { randomBytes } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { constants, type FileHandle, link, lstat, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InstallError, systemCodeOf, writeError } from './errors.ts'
import type { FileVersion } from './select.ts'

/** Begins the name of every file that is not finished yet; no runtime loads such a name. */
export const temporaryPrefix = '.istio-install-cni.tmp.'

export interface WriteOptions {
  mode: number
  /** What the caller has seen in this place; anything else there now is an error with code CHANGED_MEANWHILE. */
  expected?: FileVersion | 'absent'
  /** Looks at the finished temporary file before it takes its place; throws to refuse it. */
  inspect?: (temporary: string) => Promise<void>
}

/**
 * Writes the whole file or nothing: readers see the old or the new content, also after a crash or power cut.
 * Throws `InstallError` that names the file and the cause; the temporary file is gone then.
 */
export async function writeAtomically(
  path: string,
  content: Uint8Array | string,
  options: WriteOptions,
): Promise<void> {
  const temporary = join(dirname(path), temporaryName(basename(path)))
  try {
    await writeTemporary(temporary, content, options)
    await options.inspect?.(temporary)
    await takePlace(temporary, path, options.expected)
    await syncDirectory(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw writeError(path, error)
  }
}

/** Removes a file that still is `expected`, for good. */
export async function removeDurably(path: string, expected?: FileVersion): Promise<void> {
  try {
    if (expected !== undefined) await mustStillBe(path, expected)
    await rm(path, { force: true })
    await syncDirectory(dirname(path))
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return
    throw error instanceof InstallError
      ? error
      : new InstallError('WRITE_FAILED', `cannot remove ${path}: ${(error as Error).message}`, {
          path,
          cause: error,
        })
  }
}

/** Deletes what an interrupted run has left, ours and (`alsoPrefix`) the original's; gives the names. */
export async function removeStaleTemporaries(directory: string, alsoPrefix?: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => [])
  const stale = names.filter(
    (name) => name.startsWith(temporaryPrefix) || (alsoPrefix !== undefined && name.startsWith(alsoPrefix)),
  )
  await Promise.allSettled(stale.map((name) => rm(join(directory, name), { force: true })))
  return stale
}

export function versionOf(path: string, stats: BigIntStats): FileVersion {
  return {
    path,
    inode: stats.ino,
    size: stats.size,
    modifiedNs: stats.mtimeNs,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  }
}

function temporaryName(name: string): string {
  return `${temporaryPrefix}${name}.${process.pid}.${randomBytes(4).toString('hex')}`
}

async function writeTemporary(
  path: string,
  content: Uint8Array | string,
  { mode, expected }: WriteOptions,
): Promise<void> {
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  )
  try {
    await file.writeFile(content)
    if (expected !== undefined && expected !== 'absent') await keepOwner(file, expected)
    await file.chmod(mode)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function keepOwner(file: FileHandle, { uid, gid }: FileVersion): Promise<void> {
  const stats = await file.stat()
  if (stats.uid === uid && stats.gid === gid) return
  // Without the capability the file becomes the agent's, which still is readable for a runtime that is root.
  await file.chown(uid, gid).catch(() => undefined)
}

async function takePlace(temporary: string, path: string, expected?: FileVersion | 'absent'): Promise<void> {
  if (expected === 'absent') return takeFreePlace(temporary, path)
  if (expected !== undefined) await mustStillBe(path, expected)
  await rename(temporary, path)
}

/** Unlike rename, link never replaces a file that has appeared meanwhile. */
async function takeFreePlace(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') throw changedMeanwhile(path)
    // A file system without hard links.
    if (
      await lstat(path).then(
        () => true,
        () => false,
      )
    )
      throw changedMeanwhile(path)
    await rename(temporary, path)
    return
  }
  await rm(temporary)
}

async function mustStillBe(path: string, expected: FileVersion): Promise<void> {
  const now = await stat(path, { bigint: true }).catch(() => undefined)
  const same =
    now?.ino === expected.inode && now.size === expected.size && now.mtimeNs === expected.modifiedNs
  if (!same) throw changedMeanwhile(path)
}

function changedMeanwhile(path: string): InstallError {
  return new InstallError(
    'CHANGED_MEANWHILE',
    `${path} was changed by another program while we worked on it`,
    { path },
  )
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
