import type { Values } from '@istio-install-cni/config-schema'

/** What a template is evaluated with: what Helm calls the merged values, the release and the chart. */
export interface TemplateContext {
  readonly values: Values
  /** `revision`: how often the release was installed, from 1; absent where nothing keeps releases. */
  readonly release: Readonly<{ name: string; namespace: string; service: string; revision?: number }>
  readonly chart: Readonly<{ name: string; version: string; appVersion: string }>
}
