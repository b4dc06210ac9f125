/**
 * Constants that others rely on: pods, proxies, ztunnel, kubelets and the programs that we replace.
 * Each carries its source. Changing one breaks a contract; none of them is a setting.
 */

/** The release of Istio that this stands in for: version of the chart and tag of the image. */
export const ISTIO_VERSION = '1.30.3'

/** The chart's name (original chart): in repositories, `istio/cni`, and in a label of every object. */
export const CHART_NAME = 'cni'

/** Where the hardened image is, for whoever names no other (its guide). */
export const HARDENED_REGISTRY = 'dhi.io'
export const HARDENED_REPOSITORY = 'istio-install-cni'

/** What a reference to an image with a tag or a digest matches, in the syntax that Go and JavaScript share. */
export const WHOLE_REFERENCE = '[:@][^/]*$'

/** Capabilities that the agent works with, by their numbers (linux/capability.h), and what for. */
export const AGENT_CAPABILITIES = {
  NET_ADMIN: { number: 12, purpose: 'Rules, routes and sets, in the pods and on the node.' },
  NET_RAW: { number: 13, purpose: 'What iptables needs besides.' },
  SYS_PTRACE: { number: 19, purpose: "To look at other processes' namespaces." },
  SYS_ADMIN: { number: 21, purpose: 'To enter a network namespace; nothing less allows it.' },
  DAC_OVERRIDE: { number: 1, purpose: "To write into the node's directories, whoever owns them." },
} as const
export type AgentCapability = keyof typeof AGENT_CAPABILITIES

/** Ports of the sidecar proxy (istio.io "Ports used by Istio") and of ztunnel (its ARCHITECTURE.md, "Ports"). */
export const PORT = {
  /** Envoy and ztunnel: captured outbound traffic. */
  outbound: 15001,
  /** Envoy and ztunnel: captured inbound plaintext traffic. */
  inbound: 15006,
  /** HBONE: mutual TLS between ztunnels and waypoints; also the tunnel port of a sidecar. */
  hbone: 15008,
  /** Merged metrics of agent and proxy; never captured. */
  proxyMetrics: 15020,
  /** Readiness of the proxy; never captured. */
  proxyHealth: 15021,
  /** DNS proxy of the sidecar's agent and of ztunnel. */
  dnsProxy: 15053,
  /** Envoy's Prometheus endpoint; never captured. */
  proxyPrometheus: 15090,
  /** Where DNS clients send to (RFC 1035). */
  dns: 53,
} as const

/** Inbound ports that a sidecar never captures (original: plugin/sidecar_redirect.go). */
export const UNCAPTURED_INBOUND_PORTS = [PORT.proxyMetrics, PORT.proxyHealth, PORT.proxyPrometheus] as const

/** Packet and connection marks of a sidecar in TPROXY mode and of ztunnel (ztunnel src/socket.rs; original cni/pkg/config). */
export const MARK = {
  /** TPROXY: packets to deliver to the proxy; ztunnel: packets of ztunnel itself. */
  proxy: 0x539,
  /** TPROXY: packets of outbound connections that return to the proxy. */
  proxyOutbound: 0x53a,
  /** Ambient: connections whose answers go back through ztunnel. */
  ambientConnection: 0x111,
  /** The bits of the ambient marks that are looked at. */
  ambientMask: 0xfff,
} as const

/** Routing tables in the pod: sidecar TPROXY (original tools/istio-iptables) and ambient (original cni/pkg/config). */
export const ROUTE_TABLE = { tproxy: 133, ambientInbound: 100 } as const
/** Place of the routing rule for ambient connections, before the main table's (original cni/pkg/iptables). */
export const AMBIENT_ROUTE_PRIORITY = 32764

/** User and group of the proxy unless its container says otherwise (Istio's injection template). */
export const PROXY_UID = 1337
export const PROXY_GID = 1337

/** Source of the proxy's connections to its own application (Istio "inbound passthrough" cluster): never captured again. */
export const PASSTHROUGH_SOURCE = { ipv4: '127.0.0.6', ipv6: '::6' } as const

/** Source address that the kubelet's probes get in ambient mode (original cni/pkg/nodeagent/options.go). */
export const HOST_PROBE_ADDRESS = {
  ipv4: '169.254.7.127',
  ipv6: 'fd16:9254:7127:1337:ffff:ffff:ffff:ffff',
} as const

/** The original's set of probed pod addresses in the node's namespace (cni/pkg/config); `-v4`/`-v6` follow. */
export const PROBE_IP_SET = 'istio-inpod-probes'

/** Name and type of our plugin, its binary and its entry in a conflist (original cni/pkg/install/cniconfig.go). */
export const PLUGIN_NAME = 'istio-cni'

/** CNI versions that the plugin answers to VERSION (CNI spec releases; original: the same list). */
export const CNI_VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const
/** What a configuration without `cniVersion` means (libcni NetConf). */
export const CNI_VERSION_WHEN_ABSENT = '0.1.0'
/** Version of a configuration that we write ourselves, unchained (original cni/pkg/install/cniconfig.go). */
export const CNI_VERSION_WRITTEN = '0.3.1'

/** The node's directories as the container runtime sees them (containerd and CRI-O defaults; the hardened image's guide). */
export const NODE_CNI_NET_DIR = '/etc/cni/net.d'
export const NODE_CNI_BIN_DIR = '/opt/cni/bin'
/** Where the DaemonSet mounts them (original manifests/charts/istio-cni/templates/daemonset.yaml). */
export const MOUNTED_CNI_NET_DIR = '/host/etc/cni/net.d'
export const MOUNTED_CNI_BIN_DIR = '/host/opt/cni/bin'
/** Where libcni caches results (libcni api.go, `CacheDir`), and where the agent sees that. */
export const NODE_CNI_CACHE_DIR = '/var/lib/cni'
export const MOUNTED_CNI_CACHE_DIR = '/host/var/lib/cni'
/** Where the image carries the plugin (original cni/pkg/constants). */
export const IMAGE_CNI_BIN_DIR = '/opt/cni/bin'
/** Where the image has the agent's bundle and what it loads, its Node, and what starts it (ours; the guide's entry point). */
export const IMAGE_AGENT_DIR = '/usr/local/lib/install-cni'
export const IMAGE_NODE = '/usr/local/bin/node'
export const IMAGE_LAUNCHER = '/usr/local/bin/install-cni'
/** User and group of the runtime image (the hardened images' `nonroot`). */
export const IMAGE_UID = 65532
/** Sockets and state, at the same path on the node and in the container (original cni/pkg/constants). */
export const AGENT_RUN_DIR = '/var/run/istio-cni'
/** The node's processes as the container sees them, and the node's network namespace (original cni/pkg/constants). */
export const HOST_PROC_DIR = '/host/proc'
export const HOST_NETNS_PATH = '/host/proc/1/ns/net'
/** Named network namespaces of the node (chart value cniNetnsDir, mounted under /host). */
export const MOUNTED_NETNS_DIR = '/host/var/run/netns'
/** Token, CA and namespace of the agent's own ServiceAccount (Kubernetes). */
export const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount'
/** Where ztunnel connects to for its workloads (ztunnel INPOD_UDS). */
export const ZTUNNEL_SOCKET = '/var/run/ztunnel/ztunnel.sock'

/** Sockets in the run dir (original cni/pkg/constants). */
export const PLUGIN_SOCKET_NAME = 'pluginevent.sock'
export const LOG_SOCKET_NAME = 'log.sock'

/** Requests on the plugin socket and the log socket: the first two are the original's, the others ours. */
export const HTTP_PATH = {
  add: '/cmdadd',
  log: '/log',
  check: '/cmdcheck',
  del: '/cmddel',
  status: '/cmdstatus',
} as const

/** What the plugin says beyond the original's body, as headers so that the original's agent ignores it (ours). */
export const PLUGIN_HEADER = {
  containerId: 'Cni-Container-Id',
  interfaceName: 'Cni-Ifname',
  podUid: 'Cni-Pod-Uid',
} as const

/** Largest body that either side of the plugin socket reads, in bytes (ours). */
export const PLUGIN_BODY_LIMIT = 64 * 1024

/** Error codes of the plugin: below 100 the CNI spec's ("Error"), from 100 ours. */
export const CNI_ERROR = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  ioFailure: 5,
  undecodable: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  notAvailable: 50,
  limitedConnectivity: 51,
  podRefused: 100,
  rulesNotApplied: 101,
  redirectionDiffers: 102,
  /** The agent's socket, its directory or the process behind it is not one that the plugin may trust. */
  untrustedAgent: 110,
  /** A bug of ours; the number that the CNI project's library gives its own (pkg/types `ErrInternal`). */
  internal: 999,
} as const

/** Health and metrics of the agent (original cni/pkg/constants, chart readinessProbe). */
export const HEALTH_PATH = '/healthz'
export const READY_PATH = '/readyz'
export const METRICS_PATH = '/metrics'

/** Files that we write on the node. */
export const FILE_NAME = {
  /** The hardened image's guide; sorts behind every network configuration. */
  kubeconfig: 'ZZZ-istio-cni-kubeconfig',
  /** The original's, in the run dir. */
  runDirKubeconfig: 'istio-cni-kubeconfig',
  /** Owned list, sorts before the usual primaries (original cni/pkg/constants). */
  ownedConfig: '02-istio-cni.conflist',
  /** Unchained configuration for Multus (original cni/pkg/install/cniconfig.go). */
  standaloneConfig: 'YYY-istio-cni.conf',
  /** Ours, in the net dir: the socket of the installation that keeps the node; no runtime loads such a name. */
  owner: '.istio-cni-owner',
} as const

/** Kubeconfig that the plugin uses when its configuration names none. */
export const NODE_KUBECONFIG = `${NODE_CNI_NET_DIR}/${FILE_NAME.kubeconfig}`

/** Annotations of pods (istio.io/api annotation/annotations.pb.go). */
export const ANNOTATION = {
  inject: 'sidecar.istio.io/inject',
  status: 'sidecar.istio.io/status',
  interceptionMode: 'sidecar.istio.io/interceptionMode',
  includeOutboundIpRanges: 'traffic.sidecar.istio.io/includeOutboundIPRanges',
  excludeOutboundIpRanges: 'traffic.sidecar.istio.io/excludeOutboundIPRanges',
  includeInboundPorts: 'traffic.sidecar.istio.io/includeInboundPorts',
  excludeInboundPorts: 'traffic.sidecar.istio.io/excludeInboundPorts',
  includeOutboundPorts: 'traffic.sidecar.istio.io/includeOutboundPorts',
  excludeOutboundPorts: 'traffic.sidecar.istio.io/excludeOutboundPorts',
  excludeInterfaces: 'traffic.sidecar.istio.io/excludeInterfaces',
  kubevirtInterfaces: 'traffic.sidecar.istio.io/kubevirtInterfaces',
  rerouteVirtualInterfaces: 'istio.io/reroute-virtual-interfaces',
  statusPort: 'status.sidecar.istio.io/port',
  proxyConfig: 'proxy.istio.io/config',
  /** Written by the agent on an enrolled pod: `enabled` or `pending`. */
  ambientRedirection: 'ambient.istio.io/redirection',
  ambientDnsCapture: 'ambient.istio.io/dns-capture',
  ambientBypassInbound: 'ambient.istio.io/bypass-inbound-capture',
} as const

/** The API's picture of a static pod carries the uid by which the kubelet knows it (kubelet types.ConfigMirrorAnnotationKey). */
export const STATIC_POD_ANNOTATION = 'kubernetes.io/config.mirror'

/** Labels of pods and namespaces (istio.io/api label/labels.gen.go). */
export const LABEL = {
  inject: 'sidecar.istio.io/inject',
  namespaceInjection: 'istio-injection',
  revision: 'istio.io/rev',
  dataplaneMode: 'istio.io/dataplane-mode',
  app: 'k8s-app',
} as const

/** Label by which ztunnel's own pods are told in the system namespace (original cni/pkg/util/podutil.go). */
export const ZTUNNEL_APP = { key: 'app', value: 'ztunnel' } as const

/** Environment of the proxy container that changes its redirection (original plugin/sidecar_redirect.go, tools/istio-iptables). */
export const PROXY_ENV = {
  dnsCapture: 'ISTIO_META_DNS_CAPTURE',
  dualStack: 'ISTIO_DUAL_STACK',
  invalidDrop: 'INVALID_DROP',
  disableEnvoy: 'DISABLE_ENVOY',
} as const

/** Containers that Istio injects (Istio's injection template). */
export const CONTAINER = {
  proxy: 'istio-proxy',
  init: 'istio-init',
  validation: 'istio-validation',
} as const

/** Names of the DaemonSet and its objects (original chart); the plugin lets pods with this prefix pass. */
export const DAEMONSET_NAME = 'istio-cni-node'
export const OWN_POD_PREFIX = 'istio-cni-node-'

/** Namespace of a default installation (Istio). */
export const SYSTEM_NAMESPACE = 'istio-system'

/** Exit code with which istio-validation says that nothing redirects its pod (original tools/istio-iptables). */
export const VALIDATION_EXIT_CODE = 126
