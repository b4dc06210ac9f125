import { type JsonRecord, memberIn, objectIn, textIn } from './json-object.ts'

/** Whose token it is, as it says itself; nobody has verified it. */
export interface AccountToken {
  readonly namespace: string
  readonly name: string
  /** Changes when tokens issued before it may have ended: another signing key, or another account of this name. */
  readonly generation: string
}

/** Tokens have 1 or 2 KB. */
const longestToken = 64 << 10
/** RFC 1123 names: they become a path. */
const subject =
  /^system:serviceaccount:([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/

/** @returns undefined when it is no service account's token (RFC 7519, subject as Kubernetes writes it) */
export function accountOfToken(token: string): AccountToken | undefined {
  if (token.length > longestToken) return undefined
  const [header, payload, signature, ...more] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0)
    return undefined
  const claims = decoded(payload)
  const [, namespace, name] = subject.exec(textIn(claims, 'sub') ?? '') ?? []
  if (namespace === undefined || name === undefined) return undefined
  const key = textIn(decoded(header), 'kid')
  const uid = textIn(memberIn(memberIn(claims, 'kubernetes.io'), 'serviceaccount'), 'uid')
  return { namespace, name, generation: JSON.stringify([namespace, name, key, uid]) }
}

function decoded(part: string): JsonRecord {
  try {
    return objectIn(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))
  } catch {
    return {}
  }
}
