import { messageOf } from '../errors.ts'

/**
 * Why a pod could not be enrolled. The code is stable; `cause` has the room's own error.
 *
 * - `rules`: the rules are not in its namespace, which is as it was
 * - `ztunnel`: the rules are there, and ztunnel has not confirmed the pod
 * - `probes`: the rules are there, and the node's probe set could not be changed
 * - `deadline`: it takes longer than the plugin waits; it goes on
 */
export type EnrolmentErrorCode = 'rules' | 'ztunnel' | 'probes' | 'deadline'

export class EnrolmentError extends Error {
  override readonly name = 'EnrolmentError'
  readonly code: EnrolmentErrorCode

  constructor(code: EnrolmentErrorCode, cause: unknown) {
    super(messageOf(cause), { cause })
    this.code = code
  }
}

export async function orFail<T>(code: EnrolmentErrorCode, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new EnrolmentError(code, error)
  }
}
