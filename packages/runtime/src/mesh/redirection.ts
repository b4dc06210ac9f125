import {
  ANNOTATION,
  PORT,
  PROXY_ENV,
  PROXY_GID,
  PROXY_UID,
  UNCAPTURED_INBOUND_PORTS,
} from '@istio-install-cni/config-schema'
import { parseBoolean } from './boolean.ts'
import type { Cidr } from './cidr.ts'
import { AnnotationError, type AnnotationProblem } from './errors.ts'
import {
  type Parsed,
  type Ports,
  parseInterfaces,
  parsePorts,
  parseRanges,
  parseRangesOrAll,
} from './lists.ts'
import type { Container, Pod } from './pod.ts'
import { quoted } from './quoted.ts'

export type { Ports } from './lists.ts'

/** How a sidecar pod's traffic is redirected: the pod's annotations and proxy settings, checked and typed. */
export type SidecarRedirection = Readonly<{
  /** `sidecar.istio.io/interceptionMode`: how inbound traffic gets to the proxy. */
  mode: 'REDIRECT' | 'TPROXY'
  /** Traffic of this user and of this group is the proxy's own. */
  proxyUid: number
  proxyGid: number
  inbound: Readonly<{
    includePorts: Ports
    /** Counts only if all ports are included. */
    excludePorts: Ports
  }>
  outbound: Readonly<{
    includeRanges: 'all' | readonly Cidr[]
    excludeRanges: readonly Cidr[]
    includePorts: Ports
    excludePorts: Ports
  }>
  /** Interfaces whose traffic is left alone in both directions. */
  excludeInterfaces: readonly string[]
  /** Interfaces of virtual machines or nested containers: what comes in there is treated as outbound. */
  rerouteInterfaces: readonly string[]
  /** The proxy answers all DNS queries. */
  dnsCapture: boolean
  /** A pod with addresses of both families is redirected in both. */
  dualStack: boolean
  /** Packets that connection tracking calls invalid are dropped. */
  invalidDrop: boolean
}>

/** @throws AnnotationError that lists every bad annotation of the pod */
export function sidecarRedirection(
  pod: Pod,
  proxy: Container,
): Readonly<{ redirection: SidecarRedirection; warnings: readonly string[] }> {
  const problems: AnnotationProblem[] = []
  const warnings: string[] = []

  const annotation = <T>(name: string, parse: (text: string) => Parsed<T>, whenAbsent: T): T => {
    const value = pod.annotations[name]
    if (value === undefined) return whenAbsent
    const parsed = parse(value)
    if ('value' in parsed) return parsed.value
    problems.push({ annotation: name, value, expected: parsed.expected })
    return whenAbsent
  }
  const switchedOn = (name: string): boolean => {
    const value = proxy.env[name]
    if (value === undefined) return false
    const parsed = parseBoolean(value)
    if (parsed === undefined) {
      warnings.push(
        `${name} of container ${proxy.name} is ${quoted(value)}, neither true nor false: it stays off`,
      )
    }
    return parsed ?? false
  }

  const redirection: SidecarRedirection = {
    mode: annotation(ANNOTATION.interceptionMode, parseMode, 'REDIRECT'),
    // Root can't be exempted: the application may run as root too.
    proxyUid: proxy.runAsUser || PROXY_UID,
    proxyGid: proxy.runAsGroup || PROXY_GID,
    inbound: {
      includePorts: annotation(ANNOTATION.includeInboundPorts, parsePorts, 'all'),
      excludePorts: withUncaptured(annotation(ANNOTATION.excludeInboundPorts, parsePorts, [])),
    },
    outbound: {
      includeRanges: annotation(ANNOTATION.includeOutboundIpRanges, parseRangesOrAll, 'all'),
      excludeRanges: annotation(ANNOTATION.excludeOutboundIpRanges, parseExcludedRanges, []),
      includePorts: annotation(ANNOTATION.includeOutboundPorts, parsePorts, []),
      excludePorts: annotation(ANNOTATION.excludeOutboundPorts, parsePorts, [PORT.proxyMetrics]),
    },
    excludeInterfaces: annotation(ANNOTATION.excludeInterfaces, parseInterfaces, []),
    // The old name isn't even looked at when the new one is there.
    rerouteInterfaces: annotation(rerouteAnnotation(pod), parseInterfaces, []),
    dnsCapture: switchedOn(PROXY_ENV.dnsCapture),
    dualStack: switchedOn(PROXY_ENV.dualStack),
    invalidDrop: switchedOn(PROXY_ENV.invalidDrop),
  }
  if (problems.length > 0) throw new AnnotationError(`${pod.namespace}/${pod.name}`, problems)
  return { redirection, warnings }
}

const parseMode = (text: string): Parsed<SidecarRedirection['mode']> =>
  text === 'REDIRECT' || text === 'TPROXY' ? { value: text } : { expected: 'REDIRECT or TPROXY, in capitals' }

function parseExcludedRanges(text: string): Parsed<readonly Cidr[]> {
  const parsed = parseRanges(text)
  if (text !== '*' || 'value' in parsed) return parsed
  return {
    expected: `${parsed.expected}; to redirect no outbound traffic at all, make ${ANNOTATION.includeOutboundIpRanges} empty instead`,
  }
}

const withUncaptured = (ports: Ports): Ports =>
  ports === 'all' ? ports : [...new Set([...ports, ...UNCAPTURED_INBOUND_PORTS])]

const rerouteAnnotation = (pod: Pod): string =>
  ANNOTATION.rerouteVirtualInterfaces in pod.annotations
    ? ANNOTATION.rerouteVirtualInterfaces
    : ANNOTATION.kubevirtInterfaces
