import { join } from 'node:path'
import {
  LOG_SOCKET_NAME,
  PLUGIN_NAME,
  PLUGIN_SOCKET_NAME,
  type Settings,
} from '@istio-install-cni/config-schema'
import { messageOf } from '../errors.ts'
import { cachedResultNamingUs } from './cached-results.ts'
import { readConfigDirectory } from './directory.ts'
import { removeDurably } from './files.ts'
import { consumeMarker } from './intent.ts'
import { isOfAnother, kubeconfigPlaces } from './kubeconfig.ts'
import type { Log } from './log.ts'
import type { Mount } from './mounts.ts'
import { settle } from './network.ts'
import { filesNamingUs, planRemoval } from './removal.ts'
import { standaloneName } from './wanted.ts'

/**
 * Takes everything of ours off the node, the configuration first and the binaries last, and these only when no
 * configuration and no sandbox needs our plugin any more: without its binary pods can neither start nor end.
 * `mounts` are given when the node's directories must be mounted. Goes on after a failure; gives what had to stay.
 */
export async function uninstall(
  settings: Settings,
  log: Log,
  mounts: readonly Mount[] | undefined,
): Promise<string[]> {
  const kept: string[] = []
  const naming = await removeFromNetworks(settings, log)
  const secrets = kubeconfigPlaces(settings)
  const sockets = [PLUGIN_SOCKET_NAME, LOG_SOCKET_NAME].map((name) => join(settings.cniAgentRunDir, name))
  const binaries = settings.mountedCniBinDirs.map((directory) => join(directory, PLUGIN_NAME))
  for (const path of secrets) if (!(await isOfAnother(path))) await remove(path)
  for (const path of sockets) await remove(path)
  const needed = naming[0] === undefined ? await cachedResult() : `${naming.join(', ')} may still run it`
  if (needed === undefined) for (const path of binaries) await remove(path)
  else {
    log.warn({ why: needed, binaries }, 'kept the plugin binary, so that pods can still be deleted')
    kept.push(...binaries)
  }
  await consumeMarker(settings).catch((error) =>
    log.warn({ why: messageOf(error) }, 'left the uninstall marker'),
  )
  log.info({ kept }, 'uninstalled')
  return kept

  function cachedResult(): Promise<string | undefined> {
    return cachedResultNamingUs(settings.mountedCniCacheDirs, mounts)
  }

  async function remove(path: string): Promise<void> {
    try {
      await removeDurably(path)
    } catch (error) {
      kept.push(path)
      log.error({ path, why: messageOf(error) }, 'failed to remove a file')
    }
  }
}

/** Gives the files that still run our plugin; the directory itself if it cannot be read. */
async function removeFromNetworks(settings: Settings, log: Log): Promise<string[]> {
  const directory = settings.mountedCniNetDir
  const also = settings.chainedCniPlugin ? [] : [standaloneName(settings)]
  const read = () => readConfigDirectory(directory, settings.cniNetDir, also)
  try {
    await settle(
      directory,
      async () => ({ steps: planRemoval((await read()).files, settings) }),
      ({ act, name }) =>
        log.info(
          { file: name },
          act === 'delete' ? 'removed our configuration' : 'removed our plugin from the list',
        ),
    )
  } catch (error) {
    log.error({ why: messageOf(error) }, 'failed to remove our plugin from a network configuration')
  }
  try {
    return filesNamingUs((await read()).files)
  } catch {
    return [directory]
  }
}
