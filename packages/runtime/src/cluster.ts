import { hostname } from 'node:os'
import { nodeName, type Settings } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { ApiServerPods } from './kube/api.ts'
import { ApiServerNamespaces } from './kube/api-namespaces.ts'
import { ApiPodAnnotations } from './kube/api-pod-annotations.ts'
import { ApiClient } from './kube/client.ts'
import { readCredentials } from './kube/credentials.ts'
import { intentByApi } from './kube/daemon-set.ts'
import { DirectoryPods } from './kube/directory.ts'
import { DirectoryNamespaces } from './kube/directory-namespaces.ts'
import { ApiPodEvents } from './kube/events.ts'
import { HostToken } from './kube/host-token.ts'
import type { NamespaceSource } from './kube/namespace-source.ts'
import { noOwnPodEvents, type OwnPodEvents, ownPodEvents } from './kube/own-pod-events.ts'
import { noPodAnnotations, type PodAnnotations } from './kube/pod-annotations.ts'
import { noPodEvents, type PodEvents } from './kube/pod-events.ts'
import { apiServerAddress } from './kube/server-address.ts'
import type { PodSource } from './kube/source.ts'
import { type Pod, podFromManifest } from './mesh/pod.ts'
import type { AgentMetrics } from './server/metrics.ts'

/**
 * What the agent has of the cluster: its node's pods, the namespaces, what it tells of pods, and whether it is to
 * leave the node for good.
 */
export interface Cluster {
  readonly pods: PodSource<Pod>
  /** Followed in ambient mode alone. */
  readonly namespaces: NamespaceSource
  readonly events: PodEvents
  readonly annotations: PodAnnotations
  /** Events of the agent's own pod: what concerns the node as a whole. */
  readonly ownPod: OwnPodEvents
  /** For the node's kubeconfig; undefined when none is wanted. */
  readonly hostToken: HostToken | undefined
  /** Begins to follow the cluster; does not wait for an API server. */
  start(): Promise<void>
  /** Empty while everything that is followed is known. */
  unreadyReasons(): readonly string[]
  isUninstallation(): Promise<boolean>
  close(): Promise<void>
}

/** From the API server, or, without one, from the directory that `PODS_FROM` names. */
export function clusterOf(settings: Settings, metrics: AgentMetrics, log: Logger): Cluster {
  const node = nodeName(settings) || hostname()
  return settings.podsFrom === ''
    ? clusterOfApiServer(settings, node, metrics, log)
    : clusterOfDirectory(settings, node, log)
}

function clusterOfDirectory(settings: Settings, node: string, log: Logger): Cluster {
  const pods = new DirectoryPods(settings.podsFrom, podFromManifest, log, node)
  const namespaces = new DirectoryNamespaces(settings.podsFrom, log)
  return {
    ...following(pods, namespaces, settings),
    events: noPodEvents,
    annotations: noPodAnnotations,
    ownPod: noOwnPodEvents,
    hostToken: undefined,
    isUninstallation: async () => false,
  }
}

function clusterOfApiServer(settings: Settings, node: string, metrics: AgentMetrics, log: Logger): Cluster {
  if (settings.skipTlsVerify)
    log.warn('SKIP_TLS_VERIFY: whoever answers at the address of the API server is believed')
  const address = apiServerAddress(settings)
  const client = new ApiClient(address, (verb, code) => metrics.countApiRequest(verb, code))
  const pods = new ApiServerPods({
    client,
    nodeName: node,
    project: podFromManifest,
    log,
    following: (isFollowing) => metrics.setFollowsPods(isFollowing),
  })
  const annotations = new ApiPodAnnotations({
    client,
    log,
    known: ({ namespace, name, uid }) => pods.known(namespace, name, uid)?.annotations,
  })
  const events = new ApiPodEvents({ client, nodeName: node, log })
  const own = { namespace: settings.podNamespace, name: settings.podName }
  const seconds = settings.hostTokenSeconds
  const hostToken =
    client.isConfigured && settings.hostCredentials && seconds > 0
      ? new HostToken({
          client,
          podToken: async () => (await readCredentials(address)).token,
          nodeName: node,
          seconds,
          log,
        })
      : undefined
  const followed = following(pods, new ApiServerNamespaces({ client, log }), settings)
  return {
    ...followed,
    hostToken,
    events,
    annotations,
    ownPod: settings.podName === '' ? noOwnPodEvents : ownPodEvents({ pods, events, log, ...own }),
    isUninstallation: async () => {
      if (!client.isConfigured) return false
      const { podNamespace: namespace, podName } = settings
      const isOwnPodThere = async () => podName !== '' && (await pods.find(namespace, podName)) !== undefined
      const intent = await intentByApi({ client, namespace, nodeName: node, isOwnPodThere })
      log.info(intent, 'asked the API server whether the stop is an uninstallation')
      return intent.uninstall
    },
    close: async () => {
      hostToken?.close()
      annotations.close()
      await followed.close()
      client.close()
    },
  }
}

function following(pods: PodSource<Pod>, namespaces: NamespaceSource, { ambientEnabled }: Settings) {
  const sources = ambientEnabled ? [pods, namespaces] : [pods]
  return {
    pods,
    namespaces,
    start: async () => {
      for (const source of sources) await source.start()
    },
    unreadyReasons: () => sources.flatMap((source) => source.unreadyReasons()),
    close: async () => {
      for (const source of sources) await source.close()
    },
  }
}
