import { ANNOTATION } from '@istio-install-cni/config-schema'
import { parseBoolean } from './boolean.ts'
import type { Pod } from './pod.ts'
import { quoted } from './quoted.ts'

/** How the traffic of a pod in the ambient mesh gets to the node's ztunnel. */
export type AmbientRedirection = Readonly<{
  /** ztunnel answers all DNS queries. */
  dnsCapture: boolean
  /** Inbound traffic goes to the application itself, as gateways want it. */
  bypassInbound: boolean
  /** Interfaces of virtual machines or nested containers: what comes in there is treated as outbound. */
  rerouteInterfaces: readonly string[]
  /** Without it no IPv6 rule is made and no IPv6 tool is run. */
  ipv6: boolean
  /** Sources of the kubelet's probes, which pass by ztunnel. */
  probeAddress: Readonly<{ ipv4: string; ipv6: string }>
}>

/** The part of the agent's settings that redirection in ambient mode depends on. */
export type AmbientSettings = Readonly<{
  ambientDnsCapture: boolean
  ambientIpv6: boolean
  hostProbeSnatIp: string
  hostProbeSnatIpv6: string
}>

const mostInterfaces = 32
/** What both back-ends take literally; quotes, wildcards and separators would mean something else to one of them. */
const interfaceName = /^[a-zA-Z0-9_.@/^&$#()=~%-]{1,15}$/

/**
 * Annotations that can't be understood count as absent, with a warning: the original runs such pods, and
 * without a doubtful exception a pod has all of its traffic in the mesh.
 */
export function ambientRedirection(
  pod: Pod,
  settings: AmbientSettings,
): Readonly<{ redirection: AmbientRedirection; warnings: readonly string[] }> {
  const warnings: string[] = []
  const switchOf = (name: string, whenAbsent: boolean): boolean => {
    const value = pod.annotations[name]
    if (value === undefined) return whenAbsent
    const parsed = parseBoolean(value)
    if (parsed === undefined)
      warnings.push(`annotation ${name} is ${quoted(value)}, neither true nor false: it is ignored`)
    return parsed ?? whenAbsent
  }
  const redirection = {
    dnsCapture: switchOf(ANNOTATION.ambientDnsCapture, settings.ambientDnsCapture),
    bypassInbound: switchOf(ANNOTATION.ambientBypassInbound, false),
    rerouteInterfaces: interfacesOf(pod, warnings),
    ipv6: settings.ambientIpv6,
    probeAddress: { ipv4: settings.hostProbeSnatIp, ipv6: settings.hostProbeSnatIpv6 },
  }
  return { redirection, warnings }
}

function interfacesOf(pod: Pod, warnings: string[]): readonly string[] {
  const name = ANNOTATION.rerouteVirtualInterfaces
  const wanted = (pod.annotations[name] ?? '')
    .split(',', mostInterfaces + 1)
    .map((item) => item.trim())
    .filter((item) => item !== '')
  const usable = wanted.filter((item) => interfaceName.test(item)).slice(0, mostInterfaces)
  if (usable.length < wanted.length)
    warnings.push(
      `annotation ${name} names what can't be an interface of a pod, or more than ${mostInterfaces}; used: ${quoted(usable.join(','))}`,
    )
  return usable
}
