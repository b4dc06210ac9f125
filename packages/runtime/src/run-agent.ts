import { join } from 'node:path'
import {
  CNI_ERROR,
  LOG_SOCKET_NAME,
  PLUGIN_SOCKET_NAME,
  type Settings,
} from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { ambientModeOf } from './ambient-mode.ts'
import { PodCalls } from './calls/pod-calls.ts'
import { mustHaveCapabilities } from './capabilities.ts'
import { type Cluster, clusterOf } from './cluster.ts'
import { AgentError, CniError } from './errors.ts'
import { Installer } from './install/installer.ts'
import { uninstallIntended } from './install/intent.ts'
import { decisionOf } from './mesh/decision.ts'
import { type MeshDecision, meshDecisionOf } from './mesh/mesh-decision.ts'
import type { Pod } from './mesh/pod.ts'
import { NetworkNamespaces, reserveDescriptors } from './netns/index.ts'
import { createHealthServer } from './server/health-server.ts'
import { createLogServer } from './server/log-server.ts'
import { AgentMetrics, createMetricsServer } from './server/metrics.ts'
import { createPluginServer, type PluginCalls } from './server/plugin-server.ts'
import { listenOnPort } from './server/port.ts'
import { listenOnUnixSocket } from './server/unix-socket.ts'
import { BackendReadiness } from './sidecar/backend-readiness.ts'
import { SidecarPods } from './sidecar/sidecar-pods.ts'

/** A namespace of each pod, up to a few hundred on a node, and many calls at once. */
const descriptors = 4096

/**
 * Joins the rooms and runs until SIGTERM or SIGINT. The plugin's socket is served before the plugin is installed,
 * so that the first plugin call finds an agent.
 */
export async function runAgent(settings: Settings, log: Logger, pluginLog: Logger): Promise<void> {
  const stopped = untilTold(log)
  await mustHaveCapabilities(settings, log)
  reserveDescriptors(descriptors)
  const metrics = new AgentMetrics()
  const cluster = clusterOf(settings, metrics, log)
  const { pods, events } = cluster
  const namespaces = new NetworkNamespaces({ iptables: settings.forceIptablesBinary || undefined, log })
  const backends = new BackendReadiness(namespaces, settings.nativeNftables)
  const installer = new Installer({
    settings,
    log,
    metrics: {
      installed: (result) => metrics.countInstall(result),
      ready: (isReady) => metrics.setInstallReady(isReady),
      rewritten: () => metrics.countRewrite(),
    },
    fought: (message) => cluster.ownPod.warn('ConfigFight', message),
    ...(cluster.hostToken !== undefined && { nodeToken: cluster.hostToken }),
  })
  const { nativeNftables } = settings
  const sidecar = new SidecarPods({ namespaces, nativeNftables, events, log })
  const ambient = settings.ambientEnabled
    ? await ambientModeOf({ settings, cluster, networks: namespaces, metrics, log })
    : undefined
  const decide = decider(settings, cluster)
  const calls = new PodCalls({ pods, decide, sidecar, ambient, observer: metrics, events, log })
  const reasonsWith = (ofAmbient: readonly string[] = []) => [
    ...new Set([
      ...installer.readiness().reasons,
      ...cluster.unreadyReasons(),
      ...backends.unreadyReasons(),
      ...ofAmbient,
    ]),
  ]
  const servers = [
    createHealthServer(() => reasonsWith(ambient?.unreadyReasons())),
    createMetricsServer(metrics),
    createLogServer(pluginLog),
    createPluginServer(
      pluginCalls(calls, () => reasonsWith(ambient?.problems())),
      metrics,
      log,
    ),
  ] as const
  const [health, monitoring, logging, plugin] = servers
  await listenOnPort(health, settings.healthPort, 'HEALTH_PORT', log)
  await listenOnPort(monitoring, settings.monitoringPort, 'MONITORING_PORT', log)
  await cluster.start()
  await ambient?.start()
  if (await Promise.race([installer.waitForNode().then(() => true), stopped.then(() => false)])) {
    await listenOnUnixSocket(logging, join(settings.cniAgentRunDir, LOG_SOCKET_NAME))
    await listenOnUnixSocket(plugin, join(settings.cniAgentRunDir, PLUGIN_SOCKET_NAME))
    await installer.start()
    // Only now: an API server that is away must not delay the installation.
    cluster.hostToken?.start()
  }

  await stopped
  const uninstall = (await uninstallIntended(settings)) || (await cluster.isUninstallation())
  await installer.stop({ uninstall })
  await Promise.all(servers.map((server) => server.stop()))
  await ambient?.close({ uninstall })
  await cluster.close()
  await namespaces.close()
  log.info({ uninstall }, 'stopped the CNI node agent')
}

/** In ambient mode a pod's namespace counts too, and without knowing it nothing is decided. */
function decider(
  settings: Settings,
  { namespaces }: Cluster,
): (pod: Pod) => MeshDecision | Promise<MeshDecision> {
  if (!settings.ambientEnabled) return (pod) => decisionOf(pod, settings)
  const ambient = { ...settings, enablementSelectors: settings.ambientEnablementSelector }
  return async (pod) => {
    const labels = await namespaces.labelsOf(pod.namespace)
    if (labels === undefined) throw new AgentError(`namespace ${pod.namespace} is not known`)
    return meshDecisionOf(pod, labels, ambient)
  }
}

function pluginCalls(calls: PodCalls, unreadyReasons: () => readonly string[]): PluginCalls {
  return {
    add: (call) => calls.add(call),
    check: (call) => calls.check(call),
    remove: (call) => calls.remove(call),
    status: () => {
      const reasons = unreadyReasons()
      if (reasons.length > 0)
        throw new CniError(CNI_ERROR.notAvailable, 'the agent is not ready', reasons.join('\n'))
    },
  }
}

function untilTold(log: Logger): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        log.info({ signal }, 'was told to stop')
        resolve()
      })
    }
  })
}
