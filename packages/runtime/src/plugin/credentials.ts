import { type Credentials, credentialsOf, KubeconfigError } from './kubeconfig.ts'
import type { PluginLog } from './log.ts'
import type { PluginPorts } from './ports.ts'
import { writableByOthers } from './trust.ts'

/** With a bundle of some hundred authorities; ours has one and some 4 KiB. */
const LARGEST_KUBECONFIG = 1024 * 1024

const ROOT = 0

/** There are no credentials to use: says which file, why, and what to do. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError'
  readonly code = 'NO_CREDENTIALS'
}

/**
 * The credentials that the agent left on the node.
 * @throws {CredentialsError}
 */
export function readCredentials(path: string | undefined, log: PluginLog, ports: PluginPorts): Credentials {
  if (path === undefined) {
    throw new CredentialsError(
      'this node holds no credentials for the API server (HOST_CREDENTIALS is false)',
    )
  }
  const file = ports.stat(path, false)
  if (file !== undefined) {
    const isOurs = file.userId === ROOT || file.userId === ports.userId()
    // Whoever can write it decides which API server we believe.
    if (!isOurs || writableByOthers(file)) {
      throw new CredentialsError(
        `kubeconfig ${path}: others than root may have written it (owner ${file.userId}, mode ${file.mode.toString(8)})`,
      )
    }
  }
  const content = ports.readFile(path, LARGEST_KUBECONFIG)
  if ('failure' in content) {
    throw new CredentialsError(
      `kubeconfig ${path}: ${content.failure}: ${content.detail}; the agent writes it when it starts`,
    )
  }
  try {
    const credentials = credentialsOf(content.text)
    if (credentials.tls === 'unverified') {
      log.write('warn', 'did not verify the certificate of the API server', {
        because: `${path} says insecure-skip-tls-verify (SKIP_TLS_VERIFY)`,
      })
    }
    return credentials
  } catch (cause) {
    if (!(cause instanceof KubeconfigError)) throw cause
    throw new CredentialsError(`kubeconfig ${path}: ${cause.message}`, { cause })
  }
}
