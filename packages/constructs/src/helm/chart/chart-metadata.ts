/** What a chart's release says about itself. */
export interface ChartMetadata {
  readonly version: string
  readonly appVersion: string
  /** The key that the chart's provenance file is signed with. */
  readonly signKey?: Readonly<{ fingerprint: string; url: string }>
}
