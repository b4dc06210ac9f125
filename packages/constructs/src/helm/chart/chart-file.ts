import { CHART_NAME } from '@istio-install-cni/config-schema'
import { Document, stringify } from 'yaml'
import { changes } from './changes.ts'
import type { ChartMetadata } from './chart-metadata.ts'

/**
 * Tested from 1.28 on. A helm that was not built by its own release, but by a distribution or by `go install`, renders
 * for 1.20 unless it is told otherwise, and every object is understood by that too.
 */
const OLDEST_RENDERED = '>=1.20.0-0'

/** `Chart.yaml`. */
export const chartFile = (metadata: ChartMetadata): string => {
  const document = new Document({
    apiVersion: 'v2',
    name: CHART_NAME,
    description: 'The Istio CNI node agent and plugin, for sidecar and ambient mode, from a hardened image',
    type: 'application',
    version: metadata.version,
    appVersion: metadata.appVersion,
    kubeVersion: OLDEST_RENDERED,
    icon: 'https://istio.io/latest/favicons/android-192x192.png',
    home: 'https://istio.io/latest/docs/setup/additional-setup/cni/',
    sources: ['https://github.com/istio/istio/tree/master/cni'],
    keywords: ['istio', 'istio-cni', 'cni', 'service-mesh', 'ambient', 'sidecar', 'ztunnel', 'hardened'],
    annotations: annotationsOf(metadata),
  })
  if (metadata.signKey === undefined)
    document.comment =
      ' A release that is signed says so here: annotations, artifacthub.io/signKey, {fingerprint, url}.'
  return document.toString({ lineWidth: 0 })
}

const annotationsOf = (metadata: ChartMetadata): Record<string, string> => ({
  'artifacthub.io/category': 'networking',
  'artifacthub.io/license': 'Apache-2.0',
  'artifacthub.io/images': stringify([
    { name: 'istio-install-cni', image: `dhi.io/istio-install-cni:${metadata.appVersion}` },
  ]),
  'artifacthub.io/links': stringify([
    { name: 'Istio CNI node agent', url: 'https://istio.io/latest/docs/setup/additional-setup/cni/' },
    { name: 'Ambient mode', url: 'https://istio.io/latest/docs/ambient/' },
  ]),
  'artifacthub.io/changes': stringify(changes),
  ...(metadata.signKey === undefined ? {} : { 'artifacthub.io/signKey': stringify(metadata.signKey) }),
})
