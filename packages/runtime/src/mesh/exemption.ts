import { ANNOTATION, CONTAINER, LABEL, OWN_POD_PREFIX, PROXY_ENV } from '@istio-install-cni/config-schema'
import { parseBoolean } from './boolean.ts'
import type { Container, Pod } from './pod.ts'
import { quoted } from './quoted.ts'

export type DecisionSettings = Readonly<{
  /** Pods of these namespaces are never redirected. */
  excludeNamespaces: readonly string[]
  /** The agent's own namespace. */
  podNamespace: string
}>

/**
 * Why the pod is not one of the mesh's sidecar pods, or undefined if it is. Apart from the rest of the decision
 * because the plugin asks it, too, while the agent is away; it must not need Node.
 */
export function exemptionOf(pod: Pod, settings: DecisionSettings): string | undefined {
  const proxy = containerNamed(pod, CONTAINER.proxy)
  if (pod.namespace === settings.podNamespace && pod.name.startsWith(OWN_POD_PREFIX)) {
    return 'it is a pod of this agent'
  }
  if (settings.excludeNamespaces.includes(pod.namespace)) return `namespace ${pod.namespace} is excluded`
  if (containerNamed(pod, CONTAINER.init) !== undefined) {
    return `its init container ${CONTAINER.init} makes the redirection`
  }
  if (proxy === undefined) return `it has no container ${CONTAINER.proxy}`
  if (saysTrue(proxy.env[PROXY_ENV.disableEnvoy]))
    return `${PROXY_ENV.disableEnvoy} is true in container ${proxy.name}`
  const type = proxyType(proxy)
  if (type !== undefined && type !== 'sidecar') return `its proxy is of type ${quoted(type)}, not a sidecar`
  const [source, inject] = injectWish(pod)
  if (inject !== undefined && parseBoolean(inject) === false) return `${source} is ${inject}`
  if (!(ANNOTATION.status in pod.annotations))
    return `annotation ${ANNOTATION.status} is missing: nothing was injected`
  return undefined
}

/** The label is the newer interface and wins, whatever it says. */
function injectWish(pod: Pod): readonly [source: string, value: string | undefined] {
  return LABEL.inject in pod.labels
    ? [`label ${LABEL.inject}`, pod.labels[LABEL.inject]]
    : [`annotation ${ANNOTATION.inject}`, pod.annotations[ANNOTATION.inject]]
}

/** `proxy sidecar`, `proxy router`, …; other command lines say nothing about the type. */
const proxyType = ({ args: [command, type] }: Container): string | undefined =>
  command === 'proxy' && type !== '' ? type : undefined

const saysTrue = (text: string | undefined): boolean => text !== undefined && parseBoolean(text) === true

/** An init container counts: native sidecars are init containers. */
export const containerNamed = (pod: Pod, name: string): Container | undefined =>
  [...pod.containers, ...pod.initContainers].find((container) => container.name === name)
