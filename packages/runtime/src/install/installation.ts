import { hostname } from 'node:os'
import type { Settings } from '@istio-install-cni/config-schema'

/** Who keeps a node, as one installation tells another. */
export interface Installation {
  /** Equal for all agents of one installation: its pods follow one another on a node. */
  readonly id: string
  /** For people: which process it is. */
  readonly agent: string
  /** ISO 8601, UTC. */
  readonly since: string
}

/** Longer answers are none of ours. */
export const longestInstallation = 4096

/** This agent's installation: namespace and DaemonSet; started by hand, the run directory takes the place of the latter. */
export function installationOf(
  settings: Pick<Settings, 'podName' | 'podNamespace' | 'cniAgentRunDir'>,
  since: Date,
): Installation {
  const { podName, podNamespace, cniAgentRunDir } = settings
  const process = `process ${globalThis.process.pid} on ${hostname()}`
  return {
    id: podName === '' ? cniAgentRunDir : `${podNamespace}/${daemonSetOf(podName)}`,
    agent: podName === '' ? process : `pod ${podNamespace}/${podName}`,
    since: since.toISOString(),
  }
}

/** Reads another's answer, which may be anything. */
export function installationFrom(text: string): Installation | undefined {
  try {
    const { id, agent, since } = JSON.parse(text) as Partial<Record<keyof Installation, unknown>>
    const words = [id, agent, since]
    if (!words.every((word) => typeof word === 'string' && word.length < 512 && !/\p{Cc}/u.test(word))) {
      return undefined
    }
    return { id: String(id), agent: String(agent), since: String(since) }
  } catch {
    return undefined
  }
}

/** A DaemonSet's pods are named after it, with five random letters (Kubernetes, `SimpleNameGenerator`). */
function daemonSetOf(podName: string): string {
  return podName.replace(/-[a-z0-9]{5}$/, '')
}
