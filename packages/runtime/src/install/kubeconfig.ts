import { readFile, stat } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import {
  FILE_NAME,
  kubeconfigPaths,
  SERVICE_ACCOUNT_DIR,
  type Settings,
} from '@istio-install-cni/config-schema'
import { messageOf } from '../errors.ts'
import { InstallError, systemCodeOf } from './errors.ts'
import { writeAtomically } from './files.ts'

/** What became of the kubeconfig; `why` is worth a log line. */
export type KubeconfigOutcome =
  | { done: 'written' | 'unchanged'; path: string }
  | { done: 'skipped'; why: string }

/**
 * Keeps the kubeconfig that the plugin uses while the agent is away, from the pod's service account. Without an
 * API server or service account there is none. Throws `InstallError`; the token is in no message.
 */
export async function writeKubeconfig(
  settings: Settings,
  serviceAccountDir: string,
): Promise<KubeconfigOutcome> {
  const paths = kubeconfigPaths(settings)
  if (paths === undefined) return { done: 'skipped', why: 'HOST_CREDENTIALS is false' }
  if (settings.kubernetesServiceHost === '')
    return { done: 'skipped', why: 'KUBERNETES_SERVICE_HOST is not set' }
  const token = await tokenOf(serviceAccountDir)
  if (token === '')
    return { done: 'skipped', why: `there is no service account token in ${serviceAccountDir}` }
  const content = kubeconfigText(settings, token, await authorityOf(settings, serviceAccountDir))
  if (await isWritten(paths.written, content, settings.kubeconfigMode)) {
    return { done: 'unchanged', path: paths.written }
  }
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
export async function tokenOf(serviceAccountDir: string): Promise<string> {
  const path = join(serviceAccountDir, 'token')
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return ''
    throw new InstallError('UNREADABLE', `cannot read ${path}: ${messageOf(cause)}`, { path, cause })
  }
}

/** Content as the original writes it (cni/pkg/install/kubeconfig.go): keys sorted, one cluster, one user. */
export function kubeconfigText(
  settings: Pick<Settings, 'kubernetesServiceHost' | 'kubernetesServicePort' | 'kubernetesServiceProtocol'>,
  token: string,
  authority: Uint8Array | undefined,
): string {
  const { kubernetesServiceHost: host, kubernetesServicePort: port } = settings
  const server = `${settings.kubernetesServiceProtocol}://${isIPv6(host) ? `[${host}]` : host}:${port}`
  const trust =
    authority === undefined
      ? 'insecure-skip-tls-verify: true'
      : `certificate-authority-data: ${Buffer.from(authority).toString('base64')}`
  return `apiVersion: v1
clusters:
- cluster:
    ${trust}
    server: ${server}
  name: local
contexts:
- context:
    cluster: local
    user: istio-cni
  name: istio-cni-context
current-context: istio-cni-context
kind: Config
users:
- name: istio-cni
  user:
    token: ${scalar(token)}
`
}

/** A JSON Web Token needs no quotes; whatever else might be read as something else than text gets them. */
function scalar(text: string): string {
  return /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z_][\w.-]*$/i.test(text)
    ? text
    : JSON.stringify(text)
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
