import type { CNI_ERROR } from '@istio-install-cni/config-schema'

type CniCode = (typeof CNI_ERROR)[keyof typeof CNI_ERROR]

/** An answer to the plugin that the runtime shall see as a CNI error (SPEC.md, section 6 "Error"). */
export class CniError extends Error {
  override readonly name = 'CniError'
  readonly code: CniCode
  readonly details: string

  constructor(code: CniCode, message: string, details = '', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}

/** The agent cannot start or go on; the message is meant for the operator. */
export class AgentError extends Error {
  override readonly name = 'AgentError'
  readonly code = 'AGENT'
}

/** One line for a log or a CNI message out of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
