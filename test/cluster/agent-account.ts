// What the agent may do in the cluster: its namespace, and what the constructs make for its account.
import { CniRbac, type IstioCniProps } from '@istio-install-cni/constructs'
import { App, Chart } from 'cdk8s'

export const agentNamespace = 'istio-system'
export const agentAccount = 'istio-cni'

/** Comes before everything that is in it. */
export const namespaceObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: agentNamespace } }

export function accountObjects(props: IstioCniProps = {}): readonly object[] {
  const chart = new Chart(new App(), 'account', { namespace: agentNamespace })
  new CniRbac(chart, 'rbac', props)
  return [namespaceObject, ...chart.toJson()]
}
