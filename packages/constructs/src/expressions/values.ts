type FreeForm = Readonly<Record<string, unknown>>
type Labels = Readonly<Record<string, string>>
type Resources = Readonly<{
  limits?: Record<string, string | number>
  requests?: Record<string, string | number>
}>

/** Stands in for the values model until config-schema has it. */
export interface Values {
  readonly hub: string
  readonly tag: string
  readonly variant: string
  readonly image: string
  readonly pullPolicy: string
  readonly logging: Readonly<{ level: string }>
  readonly cniBinDir: string
  readonly cniConfDir: string
  readonly cniConfFileName: string
  readonly cniNetnsDir: string
  readonly istioOwnedCNIConfigFileName: string
  readonly istioOwnedCNIConfig: boolean
  readonly excludeNamespaces: readonly string[]
  readonly affinity: FreeForm
  readonly daemonSetLabels: Labels
  readonly podAnnotations: Labels
  readonly podLabels: Labels
  readonly chained: boolean
  readonly provider: 'default' | 'multus'
  readonly ambient: Readonly<{
    enabled: boolean
    enablementSelectors: readonly FreeForm[]
    configDir: string
    dnsCapture: boolean
    ipv6: boolean
    reconcileIptablesOnStartup: boolean
    shareHostNetworkNamespace: boolean
    enableAmbientDetectionRetry: boolean
    readyNeedsZtunnel: boolean
    probeAddress: Readonly<{ ipv4: string; ipv6: string }>
  }>
  readonly repair: Readonly<{
    enabled: boolean
    labelPods: boolean
    deletePods: boolean
    repairPods: boolean
    initContainerName: string
    brokenPodLabelKey: string
    brokenPodLabelValue: string
  }>
  readonly seccompProfile: FreeForm
  readonly seLinuxOptions: FreeForm
  readonly useAppArmorAnnotation: boolean
  readonly resources: Resources
  readonly resourceQuotas: Readonly<{ enabled: boolean; pods: number }>
  readonly tolerations: readonly FreeForm[]
  readonly updateStrategy: FreeForm
  readonly terminationGracePeriodSeconds: number
  readonly revision: string
  readonly ownerName: string
  readonly env: Readonly<Record<string, string | number | boolean>>
  readonly global: Readonly<{
    hub: string
    tag: string
    variant: string
    imagePullPolicy: string
    logging: Readonly<{ level: string }>
    logAsJson: boolean
    networkPolicy: Readonly<{ enabled: boolean }>
    defaultResources: Resources
    nativeNftables: boolean
    resourceScope: 'all' | 'cluster' | 'namespace'
  }>
  readonly privileged: boolean
  readonly hostNetwork: boolean
  readonly readOnlyRootFilesystem: boolean
  readonly runAsUser: number
  readonly runAsGroup: number
  readonly imagePullSecrets: readonly string[]
  readonly healthPort: number
  readonly monitoringPort: number
  readonly priorityClassName: string
  readonly nodeSelector: Labels
  readonly serviceAccountAnnotations: Labels
  readonly hostCredentials: boolean
  readonly hostTokenSeconds: number
  readonly kubeconfigFileName: string
  readonly pluginLogFile: string
  readonly uninstallOnStop: boolean
  readonly podMonitor: Readonly<{ enabled: boolean; interval: string; labels: Labels }>
  readonly test: Readonly<{ enabled: boolean }>
}
