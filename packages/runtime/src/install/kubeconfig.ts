import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  FILE_NAME,
  kubeconfigPaths,
  SERVICE_ACCOUNT_DIR,
  type Settings,
} from '@istio-install-cni/config-schema'
import { messageOf } from '../errors.ts'
import { InstallError, systemCodeOf } from './errors.ts'
import { removeDurably, writeAtomically } from './files.ts'
import { kubeconfigContext } from './kubeconfig-context.ts'
import { kubeconfigText } from './kubeconfig-text.ts'

/** What became of the kubeconfig; `why` is worth a log line. */
export type KubeconfigOutcome =
  | { done: 'written' | 'unchanged'; path: string }
  | { done: 'skipped'; why: string }

/** A token that was made for the node: it outlives the agent's pod. */
export interface NodeToken {
  /** Undefined while there is none. */
  current(): string | undefined
  onChange(listener: () => void): void
}

/**
 * Keeps the kubeconfig that the plugin uses while the agent is away, with the node's token or else with that of the
 * pod. Without an API server or service account there is none. Throws `InstallError`; the token is in no message.
 */
export async function writeKubeconfig(
  settings: Settings,
  serviceAccountDir: string,
  nodeToken?: string,
): Promise<KubeconfigOutcome> {
  const paths = kubeconfigPaths(settings)
  if (paths === undefined) {
    await removeCredentials(settings)
    return { done: 'skipped', why: 'HOST_CREDENTIALS is false' }
  }
  if (settings.kubernetesServiceHost === '')
    return { done: 'skipped', why: 'KUBERNETES_SERVICE_HOST is not set' }
  const token = nodeToken ?? (await tokenOf(serviceAccountDir))
  if (token === '')
    return { done: 'skipped', why: `there is no service account token in ${serviceAccountDir}` }
  const content = kubeconfigText(settings, token, await authorityOf(settings, serviceAccountDir))
  if (await isWritten(paths.written, content, settings.kubeconfigMode)) {
    return { done: 'unchanged', path: paths.written }
  }
  if (await isOfAnother(paths.written)) throw taken(paths.written)
  await writeAtomically(paths.written, content, { mode: settings.kubeconfigMode })
  return { done: 'written', path: paths.written }
}

/** Every place where we or the original may have left a kubeconfig of ours. */
export function kubeconfigPlaces(settings: Settings): string[] {
  return [
    join(settings.mountedCniNetDir, settings.kubecfgFileName),
    join(settings.cniAgentRunDir, FILE_NAME.runDirKubeconfig),
  ]
}

/** The service account's token; empty without a service account. */
async function tokenOf(serviceAccountDir: string): Promise<string> {
  const path = join(serviceAccountDir, 'token')
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return ''
    throw new InstallError('UNREADABLE', `cannot read ${path}: ${messageOf(cause)}`, { path, cause })
  }
}

/** An agent that ran here before may have left its credentials; only what is recognisably a kubeconfig of ours goes. */
async function removeCredentials(settings: Settings): Promise<void> {
  for (const path of kubeconfigPlaces(settings)) {
    if (isKubeconfigOfOurs(await readFile(path, 'utf8').catch(() => ''))) await removeDurably(path)
  }
}

function isKubeconfigOfOurs(text: string): boolean {
  return text.includes(`current-context: ${kubeconfigContext}`)
}

/** Does the file belong to another program? In the usual places nobody else writes; an empty file is nobody's. */
export async function isOfAnother(path: string): Promise<boolean> {
  const usual: readonly string[] = [FILE_NAME.kubeconfig, FILE_NAME.runDirKubeconfig]
  if (usual.includes(basename(path))) return false
  try {
    const text = await readFile(path, 'utf8')
    return text.trim() !== '' && !isKubeconfigOfOurs(text)
  } catch (error) {
    return systemCodeOf(error) !== 'ENOENT'
  }
}

function taken(path: string): InstallError {
  return new InstallError(
    'NAME_TAKEN',
    `${path} exists and is no kubeconfig of ours, so it is not ours to replace: set KUBECFG_FILE_NAME to a free name`,
    { path },
  )
}

async function authorityOf(settings: Settings, serviceAccountDir: string): Promise<Uint8Array | undefined> {
  if (settings.skipTlsVerify) return undefined
  const isDefault = settings.kubeCaFile === `${SERVICE_ACCOUNT_DIR}/ca.crt`
  const path = isDefault ? join(serviceAccountDir, 'ca.crt') : settings.kubeCaFile
  try {
    return await readFile(path)
  } catch (cause) {
    throw new InstallError(
      'UNREADABLE',
      `cannot read the API server's CA certificate ${path}: ${messageOf(cause)}; set KUBE_CA_FILE to the right file`,
      { path, cause },
    )
  }
}

async function isWritten(path: string, content: string, mode: number): Promise<boolean> {
  try {
    const [existing, stats] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    return existing === content && (stats.mode & 0o7777) === mode
  } catch {
    return false
  }
}
