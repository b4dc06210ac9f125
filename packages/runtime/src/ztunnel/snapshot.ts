import { fstatSync } from 'node:fs'
import type { Logger } from 'pino'
import type { ZtunnelConnection, ZtunnelRequest } from './connection.ts'
import { ZtunnelError } from './errors.ts'
import { encodeKeep, encodeSnapshotSent } from './messages.ts'
import { addRequest, type ZdsWorkload } from './workload.ts'

/**
 * Tells a ztunnel that has just said hello every workload of the node. All of it is queued before this returns, so
 * that whatever is asked of the connection afterwards comes after the snapshot.
 * @returns how many workloads ztunnel refused, once it has acked the end; rejects when the connection ends before
 */
export async function sendSnapshot(
  connection: ZtunnelConnection,
  workloads: readonly ZdsWorkload[],
  log: Logger,
): Promise<number> {
  let refused = 0
  const answers = workloads.map(async (workload) => {
    try {
      await connection.request({ ...snapshotRequest(workload, log), isSnapshot: true })
    } catch (error) {
      if (!(error instanceof ZtunnelError) || error.code !== 'refused') return
      refused++
      log.error({ ...logged(workload), err: error }, 'ztunnel refused an ambient pod of the snapshot')
    }
  })
  await connection.request({ kind: 'snapshot-sent', bytes: encodeSnapshotSent(), isSnapshot: true })
  await Promise.all(answers)
  return refused
}

/** A workload that cannot be sent may still be served from an earlier connection: ztunnel is to keep it. */
function snapshotRequest(workload: ZdsWorkload, log: Logger): ZtunnelRequest {
  const keep: ZtunnelRequest = { kind: 'keep', bytes: encodeKeep(workload.uid) }
  if (workload.netns < 0) return keep
  try {
    fstatSync(workload.netns)
    return addRequest(workload)
  } catch (error) {
    log.error({ ...logged(workload), err: error }, 'told ztunnel to keep an ambient pod that cannot be sent')
    return keep
  }
}

const logged = ({ uid, namespace, name }: ZdsWorkload) => ({ pod: name, namespace, uid })
