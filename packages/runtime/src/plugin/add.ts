import { HTTP_PATH } from '@istio-install-cni/config-schema'
import { AgentAwayError, type AgentReply, askAgent } from './agent.ts'
import type { Call } from './call.ts'
import { previousResultIn } from './configuration.ts'
import { isExcluded, isOwnAgentPod } from './exemption.ts'
import { podArgumentsOf } from './pod-arguments.ts'
import { requirePodNetns } from './pod-netns.ts'
import { podQuestion } from './question.ts'
import { doneOf } from './reply.ts'
import { resultText } from './result.ts'
import { reasonToPass } from './without-agent.ts'

/** An agent restarts within a few seconds; one that listens programs rules within one. */
export const POD_PATIENCE = { connectMs: 5000, answerMs: 10_000 }

/**
 * ADD: gives the result once the pod may start.
 *
 * The result is made first: what cannot be answered must not be redirected.
 * @throws {CniError}
 */
export function add(call: Call): string {
  const { environment, configuration, log, ports } = call
  const pod = podArgumentsOf(environment.args)
  const previous = previousResultIn(configuration, call.version)
  const result = resultText(previous, call.version)
  const passes = (because: string) => {
    log.write('debug', 'passed the pod without redirection', {
      because,
      pod: pod?.name,
      namespace: pod?.namespace,
    })
    return result
  }

  if (pod === undefined) return passes('CNI_ARGS name no Kubernetes pod')
  // Before our own keys are read: the agent must be able to start and repair a bad configuration.
  if (isOwnAgentPod(pod, configuration.json.pod_namespace)) return passes("it is the agent's own pod")
  const config = call.config()
  if (isExcluded(pod, config.excludeNamespaces)) return passes('its namespace is excluded')

  requirePodNetns(environment, ports)
  const question = podQuestion(HTTP_PATH.add, pod, environment, previous)
  let reply: AgentReply
  try {
    reply = askAgent(question, config.agentRunDir, POD_PATIENCE, ports)
  } catch (error) {
    if (!(error instanceof AgentAwayError)) throw error
    return passes(reasonToPass(pod, error, { config, log, ports }))
  }
  const done = doneOf(reply)
  if (done.decision === 'none') return passes(done.because)
  log.write('debug', 'redirected the pod', { mode: done.decision, pod: pod.name, namespace: pod.namespace })
  return result
}
