/**
 * What can go wrong in a network namespace. The code is stable; logs, metrics and the CNI error name it.
 *
 * - `gone`: the path does not exist (the pod is already away: the caller need not retry)
 * - `not-a-namespace`: the path is something else than a network namespace
 * - `host-namespace`: the path is the node's own namespace, where pod rules would cut the node off
 * - `not-entered`: setns failed or led elsewhere
 * - `user-namespace`: the namespace belongs to another user namespace and this back-end cannot work there
 * - `rules-refused`: the kernel or the tool refused the rules; `detail` has its words
 * - `kernel-support`: the kernel lacks a table, match or target that the rules need; `detail` has the tool's words
 * - `backend-missing`: a tool or library of the back-end is not in the image
 * - `netlink`: an address, route or routing rule was refused
 * - `ipv6-disabled`: an IPv6 address is needed and the namespace has IPv6 switched off
 * - `not-restored`: a failed change could not be taken back; the namespace needs repair
 * - `deadline`, `worker-died`, `closed`: the work was not finished
 */
export type NetnsErrorCode =
  | 'gone'
  | 'not-a-namespace'
  | 'host-namespace'
  | 'not-entered'
  | 'user-namespace'
  | 'rules-refused'
  | 'kernel-support'
  | 'backend-missing'
  | 'netlink'
  | 'ipv6-disabled'
  | 'not-restored'
  | 'deadline'
  | 'worker-died'
  | 'closed'

/** How an error travels from the worker thread: plain data, so that the class survives the crossing. */
export type NetnsErrorData = Readonly<{ code: NetnsErrorCode; message: string; detail?: string }>

const longestDetail = 2048

export class NetnsError extends Error {
  override readonly name = 'NetnsError'
  readonly code: NetnsErrorCode
  /** The words of the tool, the library or the kernel, at most 2 KiB. */
  readonly detail: string | undefined

  constructor(code: NetnsErrorCode, message: string, options: { detail?: string; cause?: unknown } = {}) {
    const detail = options.detail?.trim().slice(0, longestDetail)
    super(detail ? `${message}: ${detail}` : message, { cause: options.cause })
    this.code = code
    this.detail = detail
  }
}

export function dataOfError(error: unknown): NetnsErrorData {
  if (error instanceof NetnsError) {
    return { code: error.code, message: error.message, ...(error.detail ? { detail: error.detail } : {}) }
  }
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: 'worker-died', message: 'unexpected failure in the namespace worker', detail: words }
}

export function errorOfData(data: NetnsErrorData, cause?: unknown): NetnsError {
  const error = new NetnsError(data.code, data.message, { cause })
  return data.detail === undefined || data.message.endsWith(data.detail)
    ? Object.assign(error, { detail: data.detail })
    : new NetnsError(data.code, data.message, { detail: data.detail, cause })
}
