import * as v from 'valibot'
import { type Row, value } from './row.ts'

/**
 * Values of Istio's other charts: istioctl passes all of them to every chart, and whoever installs several charts
 * with one file does the same (original operator/pkg/apis/values_types.proto, `Values`).
 */
export const foreign = ofOtherCharts(
  'base',
  'defaultRevision',
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
)

/** Helm's condition of a dependency, and istioctl's of a component: the chart itself never asks. */
export const conditions = ofOtherCharts('enabled')

/** The same within `global` (`GlobalConfig`). */
export const foreignGlobals = ofOtherCharts(
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
)

function ofOtherCharts<const Name extends string>(...names: Name[]): { readonly [Key in Name]: Row } {
  const row = value(v.unknown(), undefined, 'Of other charts.', { effect: 'none' })
  return Object.fromEntries(names.map((name) => [name, row])) as { readonly [Key in Name]: Row }
}
