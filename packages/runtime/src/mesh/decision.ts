import type { AnnotationError } from './errors.ts'
import type { SidecarRedirection } from './redirection.ts'

/** What happens to a pod's traffic. `because` is a clause for logs and for `kubectl`: lower case, no full stop. */
export type Decision =
  | Readonly<{ mode: 'none'; because: string }>
  | Readonly<{
      mode: 'sidecar'
      because: string
      redirection: SidecarRedirection
      /** Settings that were ignored because they can't be understood. */
      warnings: readonly string[]
    }>
  | Readonly<{ mode: 'refused'; error: AnnotationError }>

export type DecisionSettings = Readonly<{
  /** Pods of these namespaces are never redirected. */
  excludeNamespaces: readonly string[]
  /** The agent's own namespace. */
  podNamespace: string
}>
