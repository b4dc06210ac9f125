/** What kept the node from being configured; `path` is the file or directory that it concerns. */
export type InstallErrorCode =
  | 'CHANGED_MEANWHILE'
  | 'MOUNTS_MISSING'
  | 'NAME_TAKEN'
  | 'NO_SPACE'
  | 'OWNED_SORTS_AFTER'
  | 'PLUGIN_BROKEN'
  | 'PLUGIN_MISSING'
  | 'READ_ONLY'
  | 'SYMLINK_OUTSIDE'
  | 'UNREADABLE'
  | 'WRITE_FAILED'

export class InstallError extends Error {
  override readonly name = 'InstallError'
  readonly code: InstallErrorCode
  readonly path: string | undefined

  constructor(code: InstallErrorCode, message: string, options: { path?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.path = options.path
  }
}

/** The `code` of an operating system error (`ENOENT`, `EROFS`, …), if there is one. */
export function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

const causes: Record<string, [code: InstallErrorCode, advice: string]> = {
  EROFS: ['READ_ONLY', 'the file system is read-only'],
  ENOSPC: ['NO_SPACE', 'no space left on the device'],
  EDQUOT: ['NO_SPACE', 'the disk quota is exceeded'],
  ENOENT: ['WRITE_FAILED', 'its directory does not exist'],
}

/** A failed write as one error that names the file and the cause. */
export function writeError(path: string, cause: unknown): InstallError {
  if (cause instanceof InstallError) return cause
  const [code, advice] = causes[systemCodeOf(cause) ?? ''] ?? ['WRITE_FAILED', '']
  const message = advice || (cause instanceof Error ? cause.message : String(cause))
  return new InstallError(code, `cannot write ${path}: ${message}`, { path, cause })
}
