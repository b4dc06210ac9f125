import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { kubeconfigPaths, PLUGIN_NAME, type Settings } from '@istio-install-cni/config-schema'
import { messageOf } from '../errors.ts'
import { digestOfFile } from './binaries.ts'
import { namesUs } from './conflist.ts'
import { readConfigDirectory } from './directory.ts'
import { type Candidate, type ConfigFile, candidatesOf, isForeign, namedCandidate } from './select.ts'
import { supportedVersions } from './version.ts'
import { standaloneName } from './wanted.ts'

/** What a look at one part of a node found; `says` is one line for people. */
export interface Finding {
  readonly part: string
  readonly isGood: boolean
  readonly says: string
}

/** What an installation has left on the node. Only reads; never throws. */
export async function installedOnNode(settings: Settings): Promise<Finding[]> {
  const looks = [
    found('network', () => networkRunningUs(settings)),
    ...settings.mountedCniBinDirs.map((directory) =>
      found('plugin', () => workingPlugin(settings, directory)),
    ),
    ...credentials(settings).map((path) => found('credentials', () => readable(path))),
  ]
  return Promise.all(looks)
}

/** A part of the node, and whether the look at it went well. Never throws. */
export async function found(part: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { part, isGood: true, says: await look() }
  } catch (error) {
    return { part, isGood: false, says: messageOf(error) }
  }
}

async function networkRunningUs(settings: Settings): Promise<string> {
  const also = settings.chainedCniPlugin ? [] : [standaloneName(settings)]
  const { files } = await readConfigDirectory(settings.mountedCniNetDir, settings.cniNetDir, also)
  const used = usedNetwork(files, settings)
  if (used === undefined)
    throw new Error(`${settings.cniNetDir} has no network configuration that can be used`)
  if (!namesUs(used.config.document)) throw new Error(`${used.name} does not run ${PLUGIN_NAME}`)
  return `${used.name} runs ${PLUGIN_NAME}`
}

/** The configuration that has to run our plugin: the one that the operator named, else the one that the runtime uses. */
function usedNetwork(files: readonly ConfigFile[], settings: Settings): Candidate | undefined {
  if (!settings.chainedCniPlugin) return asCandidate(namedCandidate(files, standaloneName(settings)))
  const first = candidatesOf(files).usable.find(isForeign)
  const named = settings.istioOwnedCniConfig ? '' : settings.cniConfName
  return named === '' ? first : asCandidate(namedCandidate(files, named))
}

function asCandidate(file: ReturnType<typeof namedCandidate>): Candidate | undefined {
  if (file === undefined || 'config' in file) return file
  throw new Error(`${file.name} cannot be used: ${file.reason}`)
}

async function workingPlugin(settings: Settings, directory: string): Promise<string> {
  const path = join(directory, PLUGIN_NAME)
  if (!(await stat(path)).isFile()) throw new Error(`${path} is not a file`)
  const [here, ours] = await Promise.all(
    [path, join(settings.cniBinSourceDir, PLUGIN_NAME)].map(digestOfFile),
  )
  if (here !== ours) throw new Error(`${path} is not the plugin of this image`)
  const versions = await supportedVersions(path)
  return `${path} is this image's and answers; CNI ${versions.at(-1)}`
}

/** The kubeconfig, where the agent is to write one. */
function credentials(settings: Settings): string[] {
  const path = settings.kubernetesServiceHost === '' ? undefined : kubeconfigPaths(settings)?.written
  return path === undefined ? [] : [path]
}

async function readable(path: string): Promise<string> {
  // access(2) does not count capabilities.
  await using _file = await open(path, 'r')
  return `${path} is there`
}
