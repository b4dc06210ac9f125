import type { ZtunnelRequest } from './connection.ts'
import { ZtunnelError } from './errors.ts'
import { encodeAdd, LARGEST_REQUEST, type WorkloadIdentity } from './messages.ts'

/** A pod as ztunnel is told about it. */
export interface ZdsWorkload extends WorkloadIdentity {
  /**
   * Open descriptor of the pod's network namespace: the caller's, and open until `remove` of the pod resolved. -1 in
   * a snapshot while the namespace is not known: ztunnel keeps what it has of the pod.
   */
  readonly netns: number
}

/** Throws ZtunnelError `refused` when ztunnel could not read it: it would hang up. */
export function addRequest(workload: ZdsWorkload): ZtunnelRequest {
  const bytes = encodeAdd(workload)
  if (bytes.length > LARGEST_REQUEST) {
    const words = `its names need ${bytes.length} bytes, ztunnel reads ${LARGEST_REQUEST}`
    throw new ZtunnelError(
      'refused',
      `cannot tell ztunnel about ${workload.namespace}/${workload.name}: ${words}`,
    )
  }
  return { kind: 'add', bytes, descriptor: workload.netns }
}
