/**
 * Values of Istio's other charts: istioctl passes all of them to every chart, and whoever installs several charts
 * with one file does the same (original operator/pkg/apis/values_types.proto, `Values`).
 */
export const FOREIGN_KEYS = [
  'base',
  'defaultRevision',
  'enabled',
  'experimental',
  'gatewayClasses',
  'gateways',
  'istio_cni',
  'istiodRemote',
  'meshConfig',
  'pilot',
  'revisionTags',
  'sidecarInjectorWebhook',
  'telemetry',
  'ztunnel',
] as const
export type ForeignKey = (typeof FOREIGN_KEYS)[number]

/** The same within `global` (`GlobalConfig`). */
export const FOREIGN_GLOBAL_KEYS = [
  'agentgateway',
  'arch',
  'caAddress',
  'caName',
  'certSigners',
  'configCluster',
  'configValidation',
  'defaultNodeSelector',
  'defaultPodDisruptionBudget',
  'defaultTolerations',
  'enableReaderRBAC',
  'externalIstiod',
  'ipFamilies',
  'ipFamilyPolicy',
  'istioNamespace',
  'istiod',
  'jwtPolicy',
  'meshID',
  'meshNetworks',
  'mountMtlsCerts',
  'multiCluster',
  'network',
  'omitSidecarInjectorConfigMap',
  'operatorManageWebhooks',
  'pilotCertProvider',
  'podDNSSearchNamespaces',
  'priorityClassName',
  'proxy',
  'proxy_init',
  'readerServiceAccount',
  'remotePilotAddress',
  'revision',
  'sds',
  'sts',
  'tracer',
  'trustBundleName',
  'waypoint',
] as const
export type ForeignGlobalKey = (typeof FOREIGN_GLOBAL_KEYS)[number]
