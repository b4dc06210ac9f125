import { METRICS_PATH } from '@istio-install-cni/config-schema'
import { all, overlay, releaseNamespace, value } from '../expressions/index.ts'
import { appLabels } from './labels.ts'
import { NAME, podSelector } from './names.ts'
import type { Resource } from './resource.ts'
import { inNamespaceScope } from './scope.ts'

/** For the Prometheus operator. */
export function podMonitor(): Resource {
  return {
    file: 'podmonitor',
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    condition: all(inNamespaceScope, value('podMonitor.enabled')),
    template: {
      metadata: {
        name: NAME.podMonitor,
        namespace: releaseNamespace,
        labels: overlay(appLabels, value('podMonitor.labels')),
      },
      spec: {
        selector: { matchLabels: podSelector },
        podMetricsEndpoints: [
          { port: 'metrics', path: METRICS_PATH, interval: value('podMonitor.interval') },
        ],
      },
    },
  }
}
