/** Codes of the CNI specification and of ours (100 and up) that the agent answers with. */
export const cniCodes = {
  decodingFailed: 6,
  tryAgainLater: 11,
  podRefused: 100,
  rulesNotApplied: 101,
  redirectionDiffers: 102,
} as const

export type CniCode = (typeof cniCodes)[keyof typeof cniCodes]

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
