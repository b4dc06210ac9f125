import type { AccountToken } from './account-token.ts'
import type { ApiClient } from './client.ts'
import { type JsonRecord, memberIn, objectIn, textIn } from './json-object.ts'

/** What the API server issued. */
export interface IssuedToken {
  readonly token: string
  /** Seconds that it lives; a server may grant less than was asked for. */
  readonly seconds: number
  /** It ends with the node's object too. */
  readonly isBound: boolean
}

interface Wanted {
  readonly account: AccountToken
  readonly seconds: number
  /** The node to bind it to; undefined for none. */
  readonly nodeName: string | undefined
  readonly signal: AbortSignal
}

/** The API server issued no token; `status` is undefined without a usable answer. No token is in the message. */
export class TokenRequestError extends Error {
  override readonly name = 'TokenRequestError'
  readonly code = 'TOKEN_REQUEST'
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}

const deadlineMs = 5_000
/** Servers before 1.31 bind tokens to no node (400); a node that the API server does not know is a 404. */
const unbindable: readonly number[] = [400, 404, 422]
/** What a bearer token may consist of (RFC 6750); it becomes a line of the kubeconfig. */
const bearerToken = /^[\w.~+/-]{1,65536}=*$/

/**
 * Asks for a token of the account (authentication.k8s.io/v1 TokenRequest), bound to the node where the server does that.
 * @throws TokenRequestError, or PodSourceError without any answer
 */
export async function requestToken(
  client: Pick<ApiClient, 'call' | 'advice'>,
  wanted: Wanted,
): Promise<IssuedToken> {
  const answer = await ask(client, wanted)
  if (wanted.nodeName === undefined || !unbindable.includes(answer.status))
    return issued(client, answer, wanted)
  const unbound = { ...wanted, nodeName: undefined }
  return issued(client, await ask(client, unbound), unbound)
}

function ask(client: Pick<ApiClient, 'call'>, { account, seconds, nodeName, signal }: Wanted) {
  const { namespace, name } = account
  return client.call({
    verb: 'create',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    deadlineMs,
    signal,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        expirationSeconds: seconds,
        ...(nodeName !== undefined && {
          boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: nodeName },
        }),
      },
    },
  })
}

function issued(
  client: Pick<ApiClient, 'advice'>,
  { status, body }: { status: number; body: string },
  { account, seconds, nodeName }: Wanted,
): IssuedToken {
  if (status !== 201 && status !== 200) {
    const whose = `service account ${account.namespace}/${account.name}`
    const advice = status === 403 ? ': it lacks "create" of serviceaccounts/token' : client.advice(status)
    throw new TokenRequestError(`a token for ${whose} was refused with ${status}${advice}`, status)
  }
  const object = parsed(body)
  const token = textIn(memberIn(object, 'status'), 'token') ?? ''
  if (object.kind !== 'TokenRequest' || !bearerToken.test(token))
    throw new TokenRequestError('the answer to the request for a token holds none: is it an API server?')
  // The server writes here what it granted. It needs no clock, unlike the time of expiry.
  const { expirationSeconds: granted } = memberIn(object, 'spec')
  const isLess = typeof granted === 'number' && granted > 0 && granted < seconds
  return { token, seconds: isLess ? granted : seconds, isBound: nodeName !== undefined }
}

function parsed(text: string): JsonRecord {
  try {
    return objectIn(JSON.parse(text))
  } catch {
    return {}
  }
}
