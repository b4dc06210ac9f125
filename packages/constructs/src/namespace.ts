import { SYSTEM_NAMESPACE } from '@istio-install-cni/config-schema'
import { Chart } from 'cdk8s'
import type { Construct } from 'constructs'

/** Where things go that are not told: the namespace of the chart, else that of a usual installation of Istio. */
export function namespaceOf(scope: Construct): string {
  return Chart.of(scope).namespace ?? SYSTEM_NAMESPACE
}
