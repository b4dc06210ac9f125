import type { Values } from '@istio-install-cni/config-schema'

/** What a template is evaluated with: what Helm calls the merged values, the release and the chart. */
export interface TemplateContext {
  readonly values: Values
  readonly release: Readonly<{ name: string; namespace: string; service: string }>
  readonly chart: Readonly<{ name: string; version: string; appVersion: string }>
}
