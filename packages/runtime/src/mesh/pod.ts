/** What decisions need of a pod; made from an untrusted manifest by {@link podFromManifest}. */
export type Pod = Readonly<{
  namespace: string
  name: string
  /** Empty in a manifest that never went through an API server. */
  uid: string
  labels: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
  hostNetwork: boolean
  /** False when the pod runs in a user namespace of its own (`spec.hostUsers: false`). */
  hostUsers: boolean
  nodeName?: string
  phase?: string
  containers: readonly Container[]
  initContainers: readonly Container[]
  /** `status.podIPs`, or `status.podIP` alone. */
  ips: readonly string[]
}>

export type Container = Readonly<{
  name: string
  args: readonly string[]
  /** Literal values only: what comes from a ConfigMap, Secret or field isn't known before the container starts. */
  env: Readonly<Record<string, string>>
  runAsUser?: number
  runAsGroup?: number
}>
