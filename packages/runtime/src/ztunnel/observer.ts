import type { ZtunnelErrorCode } from './errors.ts'
import type { ZdsWorkload } from './workload.ts'

/** Kinds of requests, as metrics name them. */
export type RequestKind = 'add' | 'keep' | 'del' | 'snapshot-sent'

type AckedSnapshot = Readonly<{
  /** The very list that `workloads` gave for this ztunnel: of several that connect at once each has its own. */
  workloads: readonly ZdsWorkload[]
  /** Of the workloads, so many are not served. */
  refused: number
  /** From ztunnel's hello to its ack of the last message. */
  seconds: number
  /** It is the ztunnel that pods are added to. */
  isNewest: boolean
}>

/** What may be counted. Called on the main thread; must not throw. */
export interface ZtunnelObserver {
  /** How many ztunnels are connected now. */
  connectionsChanged(count: number): void
  /** The one that pods were added to has gone: those that are left may not have been told of all. */
  newestGone(): void
  /** A ztunnel has taken its snapshot. */
  snapshotAcked(snapshot: AckedSnapshot): void
  /** @param seconds from the sending of the request to its ack */
  acked(kind: RequestKind, seconds: number): void
  failed(kind: RequestKind, code: ZtunnelErrorCode): void
}
