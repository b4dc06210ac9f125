// charts/istio-cni: the constructs, printed instead of evaluated.
import { ISTIO_VERSION } from '@istio-install-cni/config-schema'
import { IstioCni } from '@istio-install-cni/constructs'
import { CniObject, chartFiles, provideContext } from '@istio-install-cni/constructs/helm'
import { App, Chart } from 'cdk8s'
import type { Tree } from './tree.ts'

/** All files of the chart. */
export function chartTree(): Tree {
  const scope = new Chart(new App(), 'chart')
  provideContext(scope, { mode: 'print' })
  const { apiObjects } = new IstioCni(scope, 'istio-cni')
  const resources = apiObjects.flatMap((object) => (object instanceof CniObject ? [object.resource] : []))
  return chartFiles(resources, { version: ISTIO_VERSION, appVersion: ISTIO_VERSION })
}
