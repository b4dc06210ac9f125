/** What a chart's release says about itself. */
export interface ChartMetadata {
  readonly version: string
  readonly appVersion: string
  /** What changed in this version, one sentence each, for Artifact Hub. */
  readonly changes?: readonly Change[]
  /** The key that the chart's provenance file is signed with. */
  readonly signKey?: Readonly<{ fingerprint: string; url: string }>
}

export interface Change {
  readonly kind: 'added' | 'changed' | 'deprecated' | 'removed' | 'fixed' | 'security'
  readonly description: string
}

/** The chart's name in repositories: `istio/cni`. */
export const CHART_NAME = 'cni'
