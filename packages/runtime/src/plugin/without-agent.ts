import {
  CNI_ERROR,
  DAEMONSET_NAME,
  type PluginConfig,
  STATIC_POD_ANNOTATION,
} from '@istio-install-cni/config-schema'
import { enrolmentOf } from '../mesh/enrolment.ts'
import { PodManifestError } from '../mesh/errors.ts'
import { exemptionOf } from '../mesh/exemption.ts'
import { type Pod, podFromManifest } from '../mesh/pod.ts'
import type { AgentAwayError } from './agent.ts'
import { ApiServer, ApiServerError } from './api-server.ts'
import { CredentialsError, readCredentials } from './credentials.ts'
import { CniError } from './errors.ts'
import type { PluginLog } from './log.ts'
import type { PodArguments } from './pod-arguments.ts'
import type { PluginPorts } from './ports.ts'
import { isObject, type JsonObject } from './previous-result.ts'

/** For reading the kubeconfig and all questions to the API server; the agent was waited for before. */
const PATIENCE_MS = 5000

/** Names of pods and namespaces (RFC 1123): they become a path. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

/** What a pod without an agent needs of its call. */
export interface Without {
  readonly config: PluginConfig
  readonly log: PluginLog
  readonly ports: PluginPorts
}

/**
 * Why a pod may start although the agent is away: the API server says that it is not in the mesh, or that
 * the agent's DaemonSet is gone and nobody will ever redirect it.
 * @throws {CniError} code 11: the pod is in the mesh, or that cannot be told
 */
export function reasonToPass(pod: PodArguments, away: AgentAwayError, without: Without): string {
  const told = `${pod.namespace}/${pod.name}`
  if (!NAME.test(pod.name) || !NAME.test(pod.namespace)) {
    throw new CniError(CNI_ERROR.invalidEnvironment, `CNI_ARGS: ${JSON.stringify(told)} is no pod's name`)
  }
  try {
    const { config, log, ports } = without
    const credentials = readCredentials(config.kubeconfig, log, ports)
    const server = new ApiServer(credentials, config.kubeconfig ?? '', PATIENCE_MS, ports)
    const manifest = server.get(`/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`)
    if (manifest === undefined) throw later(`and the API server knows no pod ${told}`, away)
    if (!isOf(manifest, pod)) throw later(`and pod ${told} is another by now`, away)
    const exemption = exemptionWithoutAgent(podFromManifest(manifest), config, server)
    if (exemption !== undefined) return `the agent is away, and ${exemption}`
    if (!isUninstalled(config, server)) throw later(`and pod ${told} is in the mesh: it waits`, away)
    const why = `the agent is away, and DaemonSet ${config.podNamespace}/${DAEMONSET_NAME} is gone`
    log.write('warn', 'let a pod of the mesh start without redirection', {
      because: why,
      pod: pod.name,
      namespace: pod.namespace,
      todo: 'run "istio-cni uninstall" on this node, or install the agent again',
    })
    return why
  } catch (cause) {
    const isExpected =
      cause instanceof CredentialsError ||
      cause instanceof ApiServerError ||
      cause instanceof PodManifestError
    if (!isExpected) throw cause
    throw later(`and whether pod ${told} is in the mesh cannot be told`, away, cause)
  }
}

/** Whether the API server says that the agent's DaemonSet is gone; false when it says nothing. */
export function isKnownUninstalled({ config, log, ports }: Without, patienceMs: number): boolean {
  try {
    const credentials = readCredentials(config.kubeconfig, log, ports)
    return isUninstalled(config, new ApiServer(credentials, config.kubeconfig ?? '', patienceMs, ports))
  } catch (error) {
    if (error instanceof CredentialsError || error instanceof ApiServerError) return false
    throw error
  }
}

function exemptionWithoutAgent(pod: Pod, config: PluginConfig, server: ApiServer): string | undefined {
  const exemption = exemptionOf(pod, config)
  if (exemption === undefined || !config.ambientEnabled) return exemption
  const namespace = server.get(`/api/v1/namespaces/${pod.namespace}`)
  const labels = labelsOf(namespace)
  return enrolmentOf(pod, labels, config).isEnrolled ? undefined : exemption
}

/** Without a namespace of its own in the configuration the agent's DaemonSet cannot be looked up. */
function isUninstalled({ podNamespace }: PluginConfig, server: ApiServer): boolean {
  if (!NAME.test(podNamespace)) return false
  const found = server.get(`/apis/apps/v1/namespaces/${podNamespace}/daemonsets/${DAEMONSET_NAME}`)
  return found === undefined || metadataOf(found).deletionTimestamp !== undefined
}

/** A pod of the same name may have replaced the one that this call is about. */
function isOf(manifest: JsonObject, { uid }: PodArguments): boolean {
  const metadata = metadataOf(manifest)
  const mirrored = isObject(metadata.annotations) ? metadata.annotations[STATIC_POD_ANNOTATION] : undefined
  return uid === '' || uid === metadata.uid || uid === mirrored
}

function labelsOf(namespace: JsonObject | undefined): Record<string, string> {
  const { labels } = metadataOf(namespace ?? {})
  const entries = isObject(labels) ? Object.entries(labels) : []
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

function metadataOf({ metadata }: JsonObject): JsonObject {
  return isObject(metadata) ? metadata : {}
}

function later(what: string, away: AgentAwayError, cause?: Error): CniError {
  const details = [cause?.message, away.details].filter((text) => text !== undefined).join('; ')
  return new CniError(CNI_ERROR.tryAgainLater, `${away.message}, ${what}`, details, cause ?? away)
}
