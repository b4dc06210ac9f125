import type { ZtunnelErrorCode } from './errors.ts'

/** Kinds of requests, as metrics name them. */
export type RequestKind = 'add' | 'keep' | 'del' | 'snapshot-sent'

/** What may be counted. Called on the main thread; must not throw. */
export interface ZtunnelObserver {
  /** How many ztunnels are connected now. */
  connectionsChanged(count: number): void
  /** @param seconds from ztunnel's hello to its ack of the last message; `refused` of the workloads are not served */
  snapshotAcked(workloads: number, refused: number, seconds: number): void
  /** @param seconds from the sending of the request to its ack */
  acked(kind: RequestKind, seconds: number): void
  failed(kind: RequestKind, code: ZtunnelErrorCode): void
}
