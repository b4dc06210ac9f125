import { ANNOTATION } from '@istio-install-cni/config-schema'
import { entries, not, overlay, value, when } from '../expressions/index.ts'
import { sharesHostNetwork } from './host-network.ts'

/** What the agent learns about its own pod. */
const ofThePod = {
  REPAIR_NODE_NAME: { fieldRef: { fieldPath: 'spec.nodeName' } },
  NODE_NAME: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } },
  // Only for the original's image, should it run under this chart.
  GOMEMLIMIT: { resourceFieldRef: { resource: 'limits.memory', divisor: '1' } },
  POD_NAME: { fieldRef: { fieldPath: 'metadata.name' } },
  POD_NAMESPACE: { fieldRef: { fieldPath: 'metadata.namespace' } },
}

/** Settings that no chart value stands for, beside those that the user gives by `env`. */
const variables = overlay(
  {
    // Only for the original's image, too.
    REPAIR_RUN_AS_DAEMON: 'true',
    REPAIR_SIDECAR_ANNOTATION: ANNOTATION.status,
    ALLOW_SWITCH_TO_HOST_NS: when(not(sharesHostNetwork), 'true'),
  },
  value('env'),
  // What the pod says of itself stays as it is.
  { asText: true, fixed: Object.keys(ofThePod) },
)

/** The container's environment; what has a chart value comes from the ConfigMap. */
export const environment = [
  ...Object.entries(ofThePod).map(([name, valueFrom]) => ({ name, valueFrom })),
  entries(variables, (name, value) => ({ name, value })),
]
