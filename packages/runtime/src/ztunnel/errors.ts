/**
 * Why a pod could not be handed to ztunnel. The code is stable; logs, metrics and the CNI error name it.
 *
 * - `no-connection`: no ztunnel was connected within the time that a pod may wait for one
 * - `no-ack`: ztunnel did not answer in time
 * - `refused`: ztunnel answered with an error of its own, or the workload cannot be said in its protocol
 * - `disconnected`: ztunnel went away, or broke the protocol, before it answered
 * - `no-socket`: ztunnel's socket cannot be made
 */
export type ZtunnelErrorCode = 'no-connection' | 'no-ack' | 'refused' | 'disconnected' | 'no-socket'

export class ZtunnelError extends Error {
  override readonly name = 'ZtunnelError'
  readonly code: ZtunnelErrorCode

  constructor(code: ZtunnelErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}

/** A packet that is not the message that it should be. */
export class MalformedPacketError extends Error {
  override readonly name = 'MalformedPacketError'
}
