import type { Layer } from './layer.ts'

/** Istio's installation profiles, as far as they concern the CNI agent (original manifests/helm-profiles). */
export const profiles = {
  // The original's sets global.variant to distroless as well, of which the hardened image has none.
  ambient: { ambient: { enabled: true } },
  demo: { resources: { requests: { cpu: '10m', memory: '40Mi' } } },
  preview: {},
  remote: {},
  stable: {},
} as const satisfies Readonly<Record<string, Layer>>

export type ProfileName = keyof typeof profiles
