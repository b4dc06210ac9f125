// Whether an installation could succeed: reads the node's directories and leaves nothing in them.
import { constants } from 'node:fs'
import { open, readFile, realpath } from 'node:fs/promises'
import type { Settings } from '@istio-install-cni/config-schema'
import { readConfigDirectory } from './directory.ts'
import { systemCodeOf } from './errors.ts'
import { type Finding, found } from './installed.ts'
import { areHostMountsRequired, missingMounts, parseMounts } from './mounts.ts'
import { candidatesOf, isForeign } from './select.ts'

/** Never throws. */
export async function readyForInstallation(settings: Settings): Promise<Finding[]> {
  const directories = [...settings.mountedCniBinDirs, settings.mountedCniNetDir, settings.cniAgentRunDir]
  return Promise.all([
    found('mounts', () => nodesDirectories(settings)),
    ...directories.map((directory) => found('directory', () => writable(directory))),
    found('network', () => networkToJoin(settings)),
  ])
}

async function nodesDirectories(settings: Settings): Promise<string> {
  const mounts = parseMounts(await readFile('/proc/self/mountinfo', 'utf8'))
  if (!areHostMountsRequired(settings, mounts)) return 'are not required here'
  const missing = await missingMounts(settings, mounts, (path) => realpath(path).catch(() => path))
  if (missing !== undefined) throw missing
  return "the node's directories are mounted"
}

/** __O_TMPFILE of <fcntl.h>, the same number everywhere that Node runs: a file without a name. */
const NAMELESS_FILE = 0o20000000 | constants.O_DIRECTORY

/** By writing: what access(2) says leaves capabilities out. */
async function writable(directory: string): Promise<string> {
  try {
    await using _file = await open(directory, NAMELESS_FILE | constants.O_WRONLY, 0o600)
  } catch (error) {
    // A file system that has no such files would have refused a writer before.
    if (systemCodeOf(error) !== 'EOPNOTSUPP') throw error
  }
  return `${directory} can be written`
}

async function networkToJoin(settings: Settings): Promise<string> {
  const { files } = await readConfigDirectory(settings.mountedCniNetDir, settings.cniNetDir, [])
  if (!settings.chainedCniPlugin) return `${settings.cniNetDir} gets a configuration of its own`
  const first = candidatesOf(files).usable.find(isForeign)
  if (first === undefined)
    throw new Error(`${settings.cniNetDir} has no network configuration yet; an agent would wait for one`)
  return `${first.name} can be joined`
}
