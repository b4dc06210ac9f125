import { setTimeout as delay } from 'node:timers/promises'
import { DAEMONSET_NAME } from '@istio-install-cni/config-schema'
import { messageOf } from '../errors.ts'
import type { ApiClient } from './client.ts'
import { type JsonRecord, memberIn, objectIn, textIn } from './json-object.ts'
import { selectsNode } from './node-selector.ts'

/** Does this node keep its agent? `why` is a clause for the log. */
export interface Intent {
  readonly uninstall: boolean
  readonly why: string
}

interface Whose {
  readonly client: ApiClient
  readonly namespace: string
  readonly nodeName: string
  /** Is the agent's own pod still among those that the API server told of? */
  readonly isOwnPodThere: () => Promise<boolean>
  /** For each question. */
  readonly deadlineMs?: number
  /** How long it asks again while it is forbidden to ask. */
  readonly forbiddenMs?: number
  /** How long after the API server's refusal word of the own pod's deletion may still come. */
  readonly newsMs?: number
}

/**
 * An uninstallation takes the agent's rights along, and its account; yet the API server believes a token for 10 s
 * after it last did (kube-apiserver, TokenSuccessCacheTTL), so that "forbidden" becomes "unauthorized".
 */
const tokenCacheMs = 12_000
const retryMs = 250

/**
 * Asks the API server whether the stop is an uninstallation: our DaemonSet is gone, is being deleted, or excludes
 * this node. Everything that is not known for sure means a restart. Never rejects.
 */
export async function intentByApi({
  client,
  namespace,
  nodeName,
  isOwnPodThere,
  deadlineMs = 3_000,
  forbiddenMs = tokenCacheMs,
  newsMs = 1_000,
}: Whose): Promise<Intent> {
  const forbiddenEnd = performance.now() + forbiddenMs
  const get = async (path: string) => {
    const { status, body } = await client.call({ verb: 'get', path, deadlineMs })
    return { status, object: objectIn(parsed(body)) }
  }
  try {
    const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets/${DAEMONSET_NAME}`
    let daemonSet = await get(path)
    while (isForbidden(daemonSet) && performance.now() < forbiddenEnd) {
      await delay(retryMs)
      daemonSet = await get(path)
    }
    const name = `DaemonSet ${namespace}/${DAEMONSET_NAME}`
    if (isNotFound(daemonSet)) return { uninstall: true, why: `${name} does not exist` }
    if (isUnauthorized(daemonSet)) return await intentWhenRevoked(isOwnPodThere, newsMs)
    if (!isOf(daemonSet, 'DaemonSet'))
      return { uninstall: false, why: `${name} could not be read: status ${daemonSet.status}` }
    if (textIn(memberIn(daemonSet.object, 'metadata'), 'deletionTimestamp') !== undefined)
      return { uninstall: true, why: `${name} is being deleted` }

    const node = await get(`/api/v1/nodes/${encodeURIComponent(nodeName)}`)
    if (!isOf(node, 'Node'))
      return {
        uninstall: false,
        why: `${name} exists; node ${nodeName} could not be read: status ${node.status}`,
      }
    const podSpec = memberIn(memberIn(memberIn(daemonSet.object, 'spec'), 'template'), 'spec')
    const labels = memberIn(memberIn(node.object, 'metadata'), 'labels')
    return selectsNode(podSpec, { name: nodeName, labels }) === false
      ? { uninstall: true, why: `${name} does not select node ${nodeName}` }
      : { uninstall: false, why: `${name} exists` }
  } catch (error) {
    return { uninstall: false, why: messageOf(error) }
  }
}

/**
 * Whoever uninstalls takes our account along, and that may be sooner gone than we are asked to stop. But a token ends
 * with its pod too, and a pod that is deleted by force, as on a node that hung, has a successor.
 */
async function intentWhenRevoked(isOwnPodThere: () => Promise<boolean>, newsMs: number): Promise<Intent> {
  const end = performance.now() + newsMs
  while (await isOwnPodThere().catch(() => false)) {
    if (performance.now() >= end)
      return { uninstall: true, why: 'the service account of the agent does not exist any more' }
    await delay(50)
  }
  return {
    uninstall: false,
    why: 'the token of the agent ended, maybe only because its pod was deleted by force',
  }
}

interface Answer {
  readonly status: number
  readonly object: JsonRecord
}

/** An API server's own words: a proxy's page with the same status says nothing about the object. */
const isNotFound = ({ status, object }: Answer) =>
  status === 404 && object.kind === 'Status' && object.reason === 'NotFound'

const isForbidden = ({ status, object }: Answer) =>
  status === 403 && object.kind === 'Status' && object.reason === 'Forbidden'

const isUnauthorized = ({ status, object }: Answer) =>
  status === 401 && object.kind === 'Status' && object.reason === 'Unauthorized'

const isOf = ({ status, object }: Answer, kind: string) => status === 200 && object.kind === kind

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
