import { CNI_ERROR } from '@istio-install-cni/config-schema'

/**
 * The answer to a call that failed: SPEC.md, section 5 "Error".
 * Codes below 100 are the specification's.
 */
export class CniError extends Error {
  override readonly name = 'CniError'
  readonly code: number
  readonly details: string | undefined

  constructor(code: number, message: string, details?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}

/** The JSON object that the runtime reads; `cniVersion` is the one in use. */
export function errorText(error: CniError, cniVersion: string): string {
  const { code, message, details } = error
  return `${JSON.stringify({ cniVersion, code, msg: message, ...(details ? { details } : {}) })}\n`
}

/** Anything that was thrown; what is no CniError is a bug of ours. */
export function asCniError(thrown: unknown): CniError {
  if (thrown instanceof CniError) return thrown
  const details = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return new CniError(CNI_ERROR.internal, 'istio-cni failed internally', details, thrown)
}
