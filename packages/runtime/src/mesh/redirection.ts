import type { Cidr } from './cidr.ts'

/** How a sidecar pod's traffic is redirected: the pod's annotations and proxy settings, checked and typed. */
export type SidecarRedirection = Readonly<{
  /** `sidecar.istio.io/interceptionMode`: how inbound traffic gets to the proxy. */
  mode: 'REDIRECT' | 'TPROXY'
  /** Traffic of this user and group is the proxy's own. */
  proxyUid: number
  proxyGid: number
  inbound: Readonly<{ includePorts: Ports; excludePorts: Ports }>
  outbound: Readonly<{
    includeRanges: 'all' | readonly Cidr[]
    excludeRanges: 'all' | readonly Cidr[]
    includePorts: Ports
    excludePorts: Ports
  }>
  /** Interfaces whose traffic is left alone in both directions. */
  excludeInterfaces: readonly string[]
  /** Interfaces of virtual machines or nested containers whose inbound traffic counts as outbound. */
  rerouteInterfaces: readonly string[]
  /** The proxy answers all DNS queries. */
  dnsCapture: boolean
  /** A pod with addresses of both families is redirected in both. */
  dualStack: boolean
  /** Packets that connection tracking calls invalid are dropped. */
  invalidDrop: boolean
}>

/** Port numbers 0–65535, without duplicates, in the order given. */
export type Ports = 'all' | readonly number[]
