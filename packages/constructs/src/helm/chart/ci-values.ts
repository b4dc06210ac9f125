import type { ValuesInput } from '@istio-install-cni/config-schema'

/** `ci/<name>-values.yaml`: sets of values that tools which test charts install one after the other. */
export const ciValues: Readonly<Record<string, ValuesInput>> = {
  default: {},
  ambient: { profile: 'ambient', global: { imagePullSecrets: ['dhi-pull-secret'] } },
  privileged: { privileged: true },
  'without-host-network': { hostNetwork: false, ambient: { enabled: true } },
  openshift: { platform: 'openshift' },
  mirror: { cni: { image: 'registry.example/mirror/dhi-istio-install-cni', tag: '1.30.3' } },
  restricted: {
    hostCredentials: false,
    global: { nativeNftables: true, networkPolicy: { enabled: true } },
    resourceQuotas: { enabled: true },
  },
}
