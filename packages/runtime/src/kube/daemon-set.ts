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
  /** For both questions together. */
  readonly deadlineMs?: number
}

/**
 * Asks the API server whether the stop is an uninstallation: our DaemonSet is gone, is being deleted, or excludes
 * this node. Everything that is not known for sure means a restart. Never rejects.
 */
export async function intentByApi({
  client,
  namespace,
  nodeName,
  deadlineMs = 3_000,
}: Whose): Promise<Intent> {
  const end = performance.now() + deadlineMs
  const get = async (path: string) => {
    const left = Math.max(1, Math.round(end - performance.now()))
    const { status, body } = await client.call({ verb: 'get', path, deadlineMs: left })
    return { status, object: objectIn(parsed(body)) }
  }
  try {
    const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets/${DAEMONSET_NAME}`
    const daemonSet = await get(path)
    const name = `DaemonSet ${namespace}/${DAEMONSET_NAME}`
    if (isNotFound(daemonSet)) return { uninstall: true, why: `${name} does not exist` }
    // Whoever uninstalls takes our account along, and that may be sooner gone than we are asked to stop.
    if (isRevoked(daemonSet))
      return { uninstall: true, why: 'the service account of the agent does not exist any more' }
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

interface Answer {
  readonly status: number
  readonly object: JsonRecord
}

/** An API server's own words: a proxy's page with the same status says nothing about the object. */
const isNotFound = ({ status, object }: Answer) =>
  status === 404 && object.kind === 'Status' && object.reason === 'NotFound'

const isRevoked = ({ status, object }: Answer) =>
  status === 401 && object.kind === 'Status' && object.reason === 'Unauthorized'

const isOf = ({ status, object }: Answer, kind: string) => status === 200 && object.kind === kind

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
