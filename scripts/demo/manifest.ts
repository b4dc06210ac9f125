import { BlockList } from 'node:net'
import { parseAllDocuments } from 'yaml'
import type { Cidr } from '../../packages/runtime/src/mesh/cidr.ts'
import { decisionOf } from '../../packages/runtime/src/mesh/decision.ts'
import { podFromManifest } from '../../packages/runtime/src/mesh/pod.ts'
import type { Ports, SidecarRedirection } from '../../packages/runtime/src/mesh/redirection.ts'

/** What the demo needs of a pod's manifest, and what should happen to the pod's traffic. */
export interface PodManifest {
  readonly key: string
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string }
  readonly containerPorts: readonly number[]
  /** Undefined when the proxy gets nothing of the pod's traffic. */
  readonly redirection: SidecarRedirection | undefined
}

/** As the agent of the demo is told. */
export const excludedNamespace = 'kube-system'

/** Every pod of a file of manifests; other objects are passed over. */
export function podManifests(text: string): PodManifest[] {
  const documents = parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0]
    const object = document.toJS() as { kind?: unknown; items?: unknown[] } | null
    return Array.isArray(object?.items) ? object.items : [object]
  })
  const pods = documents.filter((object) => (object as { kind?: unknown } | null)?.kind === 'Pod')
  if (pods.length === 0) throw new Error('it holds no object of kind Pod')
  return pods.map(podManifest)
}

function podManifest(manifest: unknown): PodManifest {
  const pod = podFromManifest(manifest)
  const decision = decisionOf(pod, { excludeNamespaces: [excludedNamespace], podNamespace: 'istio-system' })
  const { spec } = manifest as {
    spec: { containers: { name: string; ports?: { containerPort: number }[] }[] }
  }
  const ports = spec.containers
    .filter(({ name }) => name !== 'istio-proxy')
    .flatMap((container) => container.ports ?? [])
  return {
    key: `${pod.namespace}/${pod.name}`,
    pod: { namespace: pod.namespace, name: pod.name, uid: pod.uid },
    containerPorts: ports.length > 0 ? ports.map((port) => port.containerPort) : [8080],
    redirection: decision.mode === 'sidecar' ? decision.redirection : undefined,
  }
}

/** Whether the proxy should get connections that come in to the port. */
export function takesInbound({ redirection }: PodManifest, port: number): boolean {
  if (redirection === undefined) return false
  const { includePorts, excludePorts } = redirection.inbound
  return includePorts === 'all' ? !holds(excludePorts, port) : includePorts.includes(port)
}

/** Whether the proxy should get connections that go out. */
export function takesOutbound({ redirection }: PodManifest, address: string, port: number): boolean {
  if (redirection === undefined) return false
  const { includeRanges, excludeRanges, includePorts, excludePorts } = redirection.outbound
  if (holds(excludePorts, port) || isIn(excludeRanges, address)) return false
  return holds(includePorts, port) || includeRanges === 'all' || isIn(includeRanges, address)
}

/** Whether the proxy should get DNS questions. */
export const takesDns = ({ redirection }: PodManifest): boolean =>
  redirection?.dnsCapture === true && !holds(redirection.outbound.excludePorts, 53)

/** Single ports that the pod keeps from its proxy on the way out. */
export const excludedOutboundPorts = ({ redirection }: PodManifest): readonly number[] =>
  redirection === undefined || redirection.outbound.excludePorts === 'all'
    ? []
    : redirection.outbound.excludePorts.filter((port) => port > 0 && port !== 15020)

const holds = (ports: Ports, port: number): boolean => ports === 'all' || ports.includes(port)

function isIn(ranges: readonly Cidr[], address: string): boolean {
  const list = new BlockList()
  for (const { family, text } of ranges) {
    const [network = '', bits] = text.split('/')
    list.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  }
  return list.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
}
