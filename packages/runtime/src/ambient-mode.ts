import { existsSync } from 'node:fs'
import { HOST_PROC_DIR, MOUNTED_NETNS_DIR, type Settings } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { AmbientPods, boundHost } from './ambient/index.ts'
import type { Cluster } from './cluster.ts'
import {
  findPodNamespaces,
  HostNetwork,
  hostNetnsOf,
  kubeletUser,
  type NetworkNamespaces,
} from './netns/index.ts'
import { hostRules } from './rules/host.ts'
import { hostProgram } from './rules/host-program.ts'
import { AmbientMetrics } from './server/ambient-metrics.ts'
import type { AgentMetrics } from './server/metrics.ts'
import { ZtunnelServer } from './ztunnel/index.ts'

interface AmbientModeOptions {
  readonly settings: Settings
  readonly cluster: Cluster
  readonly networks: NetworkNamespaces
  readonly metrics: AgentMetrics
  readonly log: Logger
}

/** Joins the rooms that ambient mode is made of. */
export async function ambientModeOf(options: AmbientModeOptions): Promise<AmbientPods> {
  const { settings, cluster, networks } = options
  const log = ambientLog(options.log)
  const observer = new AmbientMetrics(options.metrics.registry)
  const ztunnel = new ZtunnelServer({
    socketPath: settings.ztunnelUdsAddress,
    workloads: () => ambient.workloads(),
    log,
    observer: {
      acked: (kind, seconds) => observer.acked(kind, seconds),
      failed: (kind, code) => observer.failed(kind, code),
      connectionsChanged: (count) => observer.connectionsChanged(count),
      newestGone: () => ambient.ztunnelGone(),
      snapshotAcked: (snapshot) => {
        observer.snapshotAcked(snapshot)
        ambient.ztunnelSnapshotAcked(snapshot)
      },
    },
  })
  observer.showBeat(() => ztunnel.state().lastBeat)
  const ambient: AmbientPods = new AmbientPods({
    pods: cluster.pods,
    namespaces: cluster.namespaces,
    events: cluster.events,
    ownPod: cluster.ownPod,
    annotations: cluster.annotations,
    networks,
    ztunnel,
    observer,
    log,
    settings: { ...settings, enablementSelectors: settings.ambientEnablementSelector },
    host: await hostOf({ ...options, log }),
    find: (wanted, node) =>
      findPodNamespaces({
        procDir: procDir(),
        netnsDir: existsSync(MOUNTED_NETNS_DIR) ? MOUNTED_NETNS_DIR : '/var/run/netns',
        wanted,
        ...node,
        addressesOf: (path) => networks.addresses(path),
        onDoubt: (uid, why) => log.debug({ uid, why }, "doubted what looks like an ambient pod's namespace"),
      }),
  })
  return ambient
}

async function hostOf({ settings, networks, log }: AmbientModeOptions) {
  const backend = settings.nativeNftables ? 'nft' : 'iptables'
  const user = await kubeletUser(procDir())
  const rules = hostRules({
    probeAddress: { ipv4: settings.hostProbeSnatIp, ipv6: settings.hostProbeSnatIpv6 },
    ipv6: settings.ambientIpv6,
    ...(user !== undefined && { kubeletUser: user }),
  })
  const host = new HostNetwork({
    namespaces: networks,
    hostNetns: hostNetnsOf(settings),
    backend,
    branchInterfaces: settings.ambientEnableAwsBranchEniProbe,
    log,
  })
  return boundHost(host, hostProgram(rules, backend))
}

/** People look for what ambient mode does with `grep ambient`, whatever a line is about. */
const ambientLog = (log: Logger): Logger => log.child({ mode: 'ambient' })

/** Outside of a container the node's processes are where they always are. */
const procDir = () => (existsSync(`${HOST_PROC_DIR}/1`) ? HOST_PROC_DIR : '/proc')
