// Tokens of the agent's account that end when a test wants it; those that Kubernetes issues live ten minutes or more.
import { sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { agentAccount, agentNamespace } from './agent-account.ts'
import { certificate } from './certificates.ts'
import type { Cluster } from './cluster.ts'
import { tokenIssuer } from './components.ts'

/**
 * @param seconds from now, negative for a token that has ended; the API server takes it a minute longer
 * @returns a token, signed as the API server signs
 */
export async function tokenEndingIn(cluster: Cluster, seconds: number): Promise<string> {
  const path = ['-n', agentNamespace, 'get', 'serviceaccount', agentAccount]
  const uid = await cluster.kubectl(...path, '-o', 'jsonpath={.metadata.uid}')
  const ends = Math.floor(Date.now() / 1000) + seconds
  const claims = {
    iss: tokenIssuer,
    aud: [tokenIssuer],
    sub: `system:serviceaccount:${agentNamespace}:${agentAccount}`,
    iat: ends - 3600,
    nbf: ends - 3600,
    exp: ends,
    'kubernetes.io': { namespace: agentNamespace, serviceaccount: { name: agentAccount, uid } },
  }
  const signed = [{ alg: 'RS256' }, claims].map(encoded).join('.')
  const signature = sign('sha256', Buffer.from(signed), await readFile(certificate('sa.key')))
  return `${signed}.${signature.toString('base64url')}`
}

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
