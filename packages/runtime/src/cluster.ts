import { hostname } from 'node:os'
import { nodeName, type Settings } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { ApiServerPods } from './kube/api.ts'
import { ApiClient } from './kube/client.ts'
import { intentByApi } from './kube/daemon-set.ts'
import { DirectoryPods } from './kube/directory.ts'
import { ApiPodEvents } from './kube/events.ts'
import { noPodEvents, type PodEvents } from './kube/pod-events.ts'
import { apiServerAddress } from './kube/server-address.ts'
import type { PodSource } from './kube/source.ts'
import { type Pod, podFromManifest } from './mesh/pod.ts'
import type { AgentMetrics } from './server/metrics.ts'

/** What the agent has of the cluster: its node's pods, their events, and whether it is to leave the node for good. */
interface Cluster {
  readonly pods: PodSource<Pod>
  readonly events: PodEvents
  isUninstallation(): Promise<boolean>
  close(): Promise<void>
}

/** From the API server, or, without one, from the directory that `PODS_FROM` names. */
export function clusterOf(settings: Settings, metrics: AgentMetrics, log: Logger): Cluster {
  const node = nodeName(settings) || settings.repairNodeName || hostname()
  if (settings.podsFrom !== '') {
    const pods = new DirectoryPods(settings.podsFrom, podFromManifest, log, node)
    return { pods, events: noPodEvents, isUninstallation: async () => false, close: async () => pods.close() }
  }
  if (settings.skipTlsVerify)
    log.warn('SKIP_TLS_VERIFY: whoever answers at the address of the API server is believed')
  const client = new ApiClient(apiServerAddress(settings), (verb, code) =>
    metrics.countApiRequest(verb, code),
  )
  const following = (isFollowing: boolean) => metrics.setFollowsPods(isFollowing)
  const pods = new ApiServerPods({ client, nodeName: node, project: podFromManifest, log, following })
  return {
    pods,
    events: new ApiPodEvents({ client, nodeName: node, log }),
    isUninstallation: async () => {
      if (!client.isConfigured) return false
      const intent = await intentByApi({ client, namespace: settings.podNamespace, nodeName: node })
      log.info(intent, 'asked the API server whether the stop is an uninstallation')
      return intent.uninstall
    },
    close: async () => {
      await pods.close()
      client.close()
    },
  }
}
