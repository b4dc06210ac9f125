import { canonicalAddress } from './address.ts'
import { textOfBase64 } from './base64-text.ts'

/** What a kubeconfig says about the API server and ourselves. */
export interface Credentials {
  readonly tls: 'verified' | 'unverified' | 'none'
  /** Canonical IP address. */
  readonly address: string
  readonly port: number
  /** PEM; empty unless `tls` is `verified`. */
  readonly authorities: string
  readonly token: string
}

/** A kubeconfig that cannot be used. The message never has a value of it: one is the token. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
  readonly code = 'KUBECONFIG_INVALID'
}

/** Every line that the agent's installer and the original's write: indentation, list mark and key. */
const LINES: ReadonlySet<string> = new Set([
  'apiVersion',
  'clusters',
  '- cluster',
  '    certificate-authority-data',
  '    insecure-skip-tls-verify',
  '    server',
  '  name',
  'contexts',
  '- context',
  '    cluster',
  '    user',
  'current-context',
  'kind',
  'preferences',
  'users',
  '- name',
  '  user',
  '    token',
])

/**
 * Reads the kubeconfig that the agent writes (install/kubeconfig-text.ts), which is also what the
 * original's writes. No YAML in general: one cluster, one user, in block style.
 * @throws {KubeconfigError} that names the line or the key
 */
export function credentialsOf(text: string): Credentials {
  const values = valuesOf(text)
  const server = serverOf(required(values, 'server'))
  const token = required(values, 'token')
  // It becomes a header: what is not visible ASCII would be another one.
  if (!/^[!-~]{1,65536}$/.test(token)) throw new KubeconfigError('token: expected visible ASCII characters')
  const insecure = values.get('insecure-skip-tls-verify') === 'true'
  const tls = server.protocol === 'http' ? 'none' : insecure ? 'unverified' : 'verified'
  const { address, port } = server
  return { tls, address, port, token, authorities: tls === 'verified' ? authoritiesOf(values) : '' }
}

function valuesOf(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line === '---') continue
    const [, start = '', key = '', value = ''] =
      /^( *(?:- )?)([A-Za-z-]+):(?: (\S.*))?$/.exec(line.trimEnd()) ?? []
    if (!LINES.has(start + key)) throw atLine(index, 'not a line of a kubeconfig that the agent writes')
    if (start !== '    ') continue
    if (values.has(key)) throw atLine(index, `a second ${key}`)
    values.set(key, scalarOf(value, index))
  }
  return values
}

function scalarOf(value: string, index: number): string {
  if (!value.startsWith('"')) return value
  try {
    return String(JSON.parse(value))
  } catch {
    // The cause would quote the value.
    throw atLine(index, 'a quoted text that does not end where the line does')
  }
}

function serverOf(url: string): { protocol: 'http' | 'https'; address: string; port: number } {
  const [, scheme, host = '', digits] =
    /^(https?):\/\/([0-9.]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?\/?$/.exec(url) ?? []
  const address = canonicalAddress(host.replace(/^\[|\]$/g, ''))
  if (address === undefined || (scheme !== 'https' && scheme !== 'http')) {
    throw new KubeconfigError('server: expected https://<IP address>:<port>; names are not resolved here')
  }
  if (scheme === 'http' && !address.startsWith('127.') && address !== '::1') {
    throw new KubeconfigError('server: expected https; a token is not sent in plain text over a network')
  }
  const port = Number(digits ?? (scheme === 'https' ? 443 : 80))
  if (port < 1 || port > 65535) throw new KubeconfigError('server: expected a port from 1 to 65535')
  return { protocol: scheme, address, port }
}

function authoritiesOf(values: ReadonlyMap<string, string>): string {
  const pem = textOfBase64(required(values, 'certificate-authority-data'))
  if (pem === undefined) throw new KubeconfigError('certificate-authority-data: expected PEM text in base64')
  return pem
}

function required(values: ReadonlyMap<string, string>, key: string): string {
  const value = values.get(key)
  if (!value) throw new KubeconfigError(`${key}: missing`)
  return value
}

function atLine(index: number, problem: string): KubeconfigError {
  return new KubeconfigError(`line ${index + 1}: ${problem}`)
}
