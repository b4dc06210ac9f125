import { ANNOTATION } from '@istio-install-cni/config-schema'
import { comment, entries, not, overlay, value, when } from '../expressions/index.ts'
import { sharesHostNetwork } from './host-network.ts'

const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })

const forTheOriginal = "For the original's image, should it run under this chart; ours makes nothing of it."

/** What the agent learns about its own pod. */
const ofThePod = [
  fromField('REPAIR_NODE_NAME', 'spec.nodeName'),
  { name: 'NODE_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } },
  fromField('POD_NAME', 'metadata.name'),
  fromField('POD_NAMESPACE', 'metadata.namespace'),
]

const memoryLimit = {
  name: 'GOMEMLIMIT',
  valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1' } },
}

/** Settings that no chart value stands for, beside those that the user gives by `env`. */
const variables = overlay(
  {
    REPAIR_RUN_AS_DAEMON: comment(forTheOriginal, 'true'),
    REPAIR_SIDECAR_ANNOTATION: ANNOTATION.status,
    ALLOW_SWITCH_TO_HOST_NS: when(not(sharesHostNetwork), 'true'),
  },
  value('env'),
  // What the pod says of itself stays as it is.
  { asText: true, fixed: [...ofThePod, memoryLimit].map(({ name }) => name) },
)

/** The container's environment; what has a chart value comes from the ConfigMap. */
export const environment = [
  ...ofThePod,
  comment(forTheOriginal, memoryLimit),
  entries(variables, (name, value) => ({ name, value })),
]
