import { parse } from 'yaml'

/** What the demo needs of a pod's manifest. The agent reads the same file with its own eyes. */
export interface PodManifest {
  readonly key: string
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string }
  /** Undefined when the pod has no proxy container. */
  readonly proxyUid: number | undefined
  readonly isInjected: boolean
  readonly capturesDns: boolean
  readonly containerPorts: readonly number[]
  readonly excludedInboundPorts: readonly number[]
  readonly excludedOutboundPorts: readonly number[]
  readonly excludesRange: boolean
}

interface Container {
  readonly name: string
  readonly ports?: readonly { readonly containerPort: number }[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly securityContext?: { readonly runAsUser?: number }
}

interface Manifest {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[] }
}

export function podManifest(yaml: string): PodManifest {
  const { metadata, spec } = parse(yaml) as Manifest
  const { name, namespace = 'default', uid = '', annotations = {} } = metadata
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  const proxy = containers.find((container) => container.name === 'istio-proxy')
  const parts = (annotation: string) =>
    (annotations[`traffic.sidecar.istio.io/${annotation}`] ?? '').split(',').filter((part) => part !== '')
  const ports = spec.containers
    .filter((container) => container !== proxy)
    .flatMap((container) => container.ports ?? [])
  return {
    key: `${namespace}/${name}`,
    pod: { namespace, name, uid },
    proxyUid: proxy && (proxy.securityContext?.runAsUser ?? 1337),
    isInjected: proxy !== undefined && annotations['sidecar.istio.io/status'] !== undefined,
    capturesDns:
      proxy?.env?.some((env) => env.name === 'ISTIO_META_DNS_CAPTURE' && env.value === 'true') ?? false,
    containerPorts: ports.length > 0 ? ports.map((port) => port.containerPort) : [8080],
    excludedInboundPorts: parts('excludeInboundPorts').map(Number),
    excludedOutboundPorts: parts('excludeOutboundPorts').map(Number),
    excludesRange: parts('excludeOutboundIPRanges').length > 0,
  }
}
