import { nearest, type ValueProblem } from '@istio-install-cni/config-schema'

/** Credentials of one registry; either `auth` or both of the others. */
export interface RegistryAuthority {
  readonly username?: string
  readonly password?: string
  readonly email?: string
  /** Base64 of `username:password`. */
  readonly auth?: string
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
  const usable = Object.entries(auths).flatMap(([name, each]) => {
    const authority = usableAuthority(each)
    return authority === undefined ? [] : [[name, authority] as const]
  })
  const names = usable.map(([name]) => name)
  if (names.length === 0) {
    return refused(
      'user name and password in "auths": this file has none; a credential helper ("credsStore", "credHelpers") keeps them, or there is an identity token, and a cluster takes neither',
    )
  }
  if (registry === undefined) return { config: { auths: Object.fromEntries(usable) } }
  const picked = usable.find(([name]) => name === registry)
  if (picked !== undefined) return { config: { auths: Object.fromEntries([picked]) } }
  const suggestion = typeof registry === 'string' ? nearest(registry, names) : undefined
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

/** What the kubelet reads of an entry (Kubernetes, pkg/credentialprovider), if it can log in with that. */
function usableAuthority(given: unknown): RegistryAuthority | undefined {
  if (!isRecord(given)) return undefined
  const { auth, username, password, email } = given
  const isUsable = auth === undefined ? isLine(username) && isLine(password) : isLogin(auth)
  const read = Object.entries({ username, password, email, auth }).filter(([, each]) => isLine(each))
  return isUsable ? Object.fromEntries(read) : undefined
}

/** One without a password comes with an identity token, which the kubelet does not know. */
function isLogin(auth: unknown): boolean {
  if (typeof auth !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(auth)) return false
  return /^[^:]+:./s.test(Buffer.from(auth, 'base64').toString())
}

function isLine(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text === text.trim() && !/\p{Cc}/u.test(text)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
