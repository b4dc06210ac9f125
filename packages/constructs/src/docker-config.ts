import { nearest, type ValueProblem } from '@istio-install-cni/config-schema'

/** Credentials of one registry; either `auth` or both of the others. */
export interface RegistryAuthority {
  readonly username?: string
  readonly password?: string
  readonly email?: string
  /** Base64 of `username:password`. */
  readonly auth?: string
  readonly identitytoken?: string
}

/** The part of Docker's `config.json` that holds credentials. */
export interface DockerConfig {
  readonly auths: Readonly<Record<string, RegistryAuthority>>
}

type Problems = { readonly problems: readonly ValueProblem[] }

// No problem has a `value` here, and no error a cause: both would show what must stay hidden.

/** As `kubectl create secret docker-registry` writes them. */
export function authorityOf(username: string, password: string): Problems | { authority: RegistryAuthority } {
  const problems = [
    ...(isLine(username) && !username.includes(':')
      ? []
      : [{ path: 'username', expectation: 'a user name: one line, not empty, without ":"' }]),
    ...(isLine(password)
      ? []
      : [
          {
            path: 'password',
            expectation:
              'a password or token: one line, not empty, without space around it (does it come from a file that ends with a line break?)',
          },
        ]),
  ]
  if (problems.length > 0) return { problems }
  const auth = Buffer.from(`${username}:${password}`).toString('base64')
  return { authority: { username, password, auth } }
}

/** The credentials of a registry, or of all, and nothing else of the file. */
export function pickedConfig(
  config: string | DockerConfig,
  registry?: string,
): Problems | { config: DockerConfig } {
  const auths = authsOf(typeof config === 'string' ? parsed(config) : config)
  if (auths === undefined) return refused('JSON with credentials for each registry in "auths"')
  const usable = Object.entries(auths).filter(([, each]) => hasCredentials(each))
  const names = usable.map(([name]) => name)
  if (names.length === 0) {
    return refused(
      'credentials in "auths": those of this file are kept by a credential helper ("credsStore", "credHelpers"), which a cluster does not have',
    )
  }
  if (registry === undefined) return { config: { auths: Object.fromEntries(usable) } }
  const picked = usable.find(([name]) => name === registry)
  if (picked !== undefined) return { config: { auths: Object.fromEntries([picked]) } }
  const suggestion = nearest(registry, names)
  const expectation = `a registry of the file: ${names.join(', ')}`
  return {
    problems: [{ path: 'registry', value: registry, expectation, ...(suggestion && { suggestion }) }],
  }
}

function refused(expectation: string): Problems {
  return { problems: [{ path: 'config', expectation }] }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function authsOf(config: unknown): Readonly<Record<string, RegistryAuthority>> | undefined {
  const auths = isRecord(config) ? config.auths : undefined
  return isRecord(auths) ? (auths as Readonly<Record<string, RegistryAuthority>>) : undefined
}

function hasCredentials(authority: unknown): boolean {
  if (!isRecord(authority)) return false
  const { auth, username, password, identitytoken } = authority
  return isLine(auth) || isLine(identitytoken) || (isLine(username) && isLine(password))
}

function isLine(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text === text.trim() && !/\p{Cc}/u.test(text)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
