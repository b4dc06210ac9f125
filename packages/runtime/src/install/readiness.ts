/** `reasons` is empty exactly when the node is configured; `warnings` are for the operator in both cases. */
export interface Readiness {
  ready: boolean
  reasons: string[]
  warnings: string[]
}

/** Outcomes that the original counts in istio_cni_installs_total (cni/pkg/install/monitoring.go). */
const installResults = {
  success: 'SUCCESS',
  binaries: 'COPY_BINARIES_FAILURE',
  kubeconfig: 'CREATE_KUBECONFIG_FAILURE',
  config: 'CREATE_CNI_CONFIG_FAILURE',
} as const
export type InstallResult = (typeof installResults)[keyof typeof installResults]

/** Where the installer's figures go. */
export interface InstallMetrics {
  /** istio_cni_installs_total{result} */
  installed(result: InstallResult): void
  /** istio_cni_install_ready */
  ready(isReady: boolean): void
  /** Another program undid our change to `file` (no series of the original). */
  rewritten(file: string): void
}

export const noMetrics: InstallMetrics = { installed: () => {}, ready: () => {}, rewritten: () => {} }

/** A step of the installation that failed or has to wait; the message is the reason told by the readiness probe. */
export class NotInstalled extends Error {
  override readonly name = 'NotInstalled'
  readonly code = 'NOT_INSTALLED'
  /** Waiting is no failure: no error line, no failure counted. */
  readonly result: Exclude<InstallResult, 'SUCCESS'> | 'waiting'
  /** When to look again without being told, in milliseconds. */
  readonly againMs: number | undefined

  constructor(
    message: string,
    result: NotInstalled['result'],
    options: { againMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.result = result
    this.againMs = options.againMs
  }
}
