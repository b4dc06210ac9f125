// What a cluster has where Multus and the Prometheus operator are installed: the resources that the chart may make, with
// those of their fields that it may use, so that strict validation finds any other.
const text = { type: 'string' }
const strings = { type: 'array', items: text }
const labels = { type: 'object', additionalProperties: text }
const object = (properties: object) => ({ type: 'object', properties })

const podMetricsEndpoint = object({
  port: text,
  portNumber: { type: 'integer' },
  path: text,
  scheme: text,
  interval: text,
  scrapeTimeout: text,
})

const definition = (group: string, kind: string, plural: string, spec: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: object({ spec }) } }],
  },
})

export const customResources: readonly object[] = [
  definition(
    'k8s.cni.cncf.io',
    'NetworkAttachmentDefinition',
    'network-attachment-definitions',
    object({ config: text }),
  ),
  definition(
    'monitoring.coreos.com',
    'PodMonitor',
    'podmonitors',
    object({
      selector: object({ matchLabels: labels }),
      namespaceSelector: object({ matchNames: strings }),
      podMetricsEndpoints: { type: 'array', items: podMetricsEndpoint },
    }),
  ),
]
