import { ANNOTATION, CONTAINER, LABEL, OWN_POD_PREFIX, PROXY_ENV } from '@istio-install-cni/config-schema'
import { parseBoolean } from './boolean.ts'
import { AnnotationError } from './errors.ts'
import type { Container, Pod } from './pod.ts'
import { quoted } from './quoted.ts'
import { type SidecarRedirection, sidecarRedirection } from './redirection.ts'

/** What happens to a pod's traffic. `because` is a clause for logs and for `kubectl`: lower case, no full stop. */
export type Decision =
  | Readonly<{ mode: 'none'; because: string }>
  | Readonly<{
      mode: 'sidecar'
      because: string
      redirection: SidecarRedirection
      /** What an operator should know although the pod is redirected: one sentence each. */
      warnings: readonly string[]
    }>
  | Readonly<{ mode: 'refused'; error: AnnotationError }>

export type DecisionSettings = Readonly<{
  /** Pods of these namespaces are never redirected. */
  excludeNamespaces: readonly string[]
  /** The agent's own namespace. */
  podNamespace: string
}>

/**
 * Whether and how a pod is redirected. Never throws.
 *
 * A pod that says `hostNetwork` is decided like any other: the runtime makes no namespace for such pods and asks
 * nobody, so whoever asks has a namespace of the pod's own at hand. That a namespace isn't the node's own is
 * checked where namespaces are entered, not by what a manifest says.
 */
export function decisionOf(pod: Pod, settings: DecisionSettings): Decision {
  const proxy = containerNamed(pod, CONTAINER.proxy)
  const exemption = exemptionOf(pod, proxy, settings)
  if (exemption !== undefined || proxy === undefined) {
    return { mode: 'none', because: exemption ?? `it has no container ${CONTAINER.proxy}` }
  }
  try {
    const { redirection, warnings } = sidecarRedirection(pod, proxy)
    const because = `it has a sidecar (container ${CONTAINER.proxy}, annotation ${ANNOTATION.status})`
    const hostNetwork = pod.hostNetwork
      ? ['the pod says hostNetwork, yet it has a network namespace of its own']
      : []
    return { mode: 'sidecar', because, redirection, warnings: [...hostNetwork, ...warnings] }
  } catch (error) {
    if (error instanceof AnnotationError) return { mode: 'refused', error }
    throw error
  }
}

/** Why the pod isn't redirected, or undefined if nothing exempts it. */
function exemptionOf(pod: Pod, proxy: Container | undefined, settings: DecisionSettings): string | undefined {
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
const containerNamed = (pod: Pod, name: string): Container | undefined =>
  [...pod.containers, ...pod.initContainers].find((container) => container.name === name)
