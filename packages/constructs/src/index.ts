export type {
  CompatibilityVersion,
  PlatformName,
  ProfileName,
  ValueProblem,
  Values,
  ValuesInput,
} from '@istio-install-cni/config-schema'
export { CniConfig } from './cni-config.ts'
export { CniDaemonSet } from './cni-daemon-set.ts'
export {
  CniNetworkAttachmentDefinition,
  type CniNetworkAttachmentDefinitionProps,
} from './cni-network-attachment-definition.ts'
export { CniNetworkPolicy, type CniNetworkPolicyProps } from './cni-network-policy.ts'
export { CniPart } from './cni-part.ts'
export { CniPodMonitor, type CniPodMonitorProps } from './cni-pod-monitor.ts'
export { CniRbac } from './cni-rbac.ts'
export { CniResourceQuota, type CniResourceQuotaProps } from './cni-resource-quota.ts'
export type { DockerConfig, RegistryAuthority } from './docker-config.ts'
export { PropsError } from './errors.ts'
export { HardenedImage, type HardenedImageOptions, type ImageVariant } from './hardened-image.ts'
export {
  type IImagePullSecret,
  ImagePullSecret,
  type ImagePullSecretCredentials,
  type ImagePullSecretDockerConfig,
} from './image-pull-secret.ts'
export { IstioCni } from './istio-cni.ts'
export { KindCluster, type KindClusterProps, type KindMount } from './kind-cluster.ts'
export { Platform } from './platform.ts'
export type { CommonProps, IstioCniProps } from './props.ts'
