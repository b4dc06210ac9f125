import type { Layer } from './layer.ts'

/** Defaults of earlier releases (original manifests/helm-profiles). */
export const compatibilityVersions = {
  '1.25': { ambient: { reconcileIptablesOnStartup: false, shareHostNetworkNamespace: true } },
  '1.26': { ambient: { reconcileIptablesOnStartup: false } },
  '1.27': { ambient: { reconcileIptablesOnStartup: false } },
  '1.28': { ambient: { reconcileIptablesOnStartup: false } },
  '1.29': {},
  '1.30': {},
} as const satisfies Readonly<Record<string, Layer>>

export type CompatibilityVersion = keyof typeof compatibilityVersions
