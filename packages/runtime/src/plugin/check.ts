import { HTTP_PATH } from '@istio-install-cni/config-schema'
import { POD_PATIENCE } from './add.ts'
import { askAgent } from './agent.ts'
import type { Call } from './call.ts'
import { previousResultIn } from './configuration.ts'
import { isExcluded, isOwnAgentPod } from './exemption.ts'
import { podArgumentsOf } from './pod-arguments.ts'
import { requirePodNetns } from './pod-netns.ts'
import { podQuestion } from './question.ts'
import { doneOf } from './reply.ts'

/**
 * CHECK: the agent compares the rules in the pod with those that ADD made. Pods that pass ADD
 * unasked have none.
 * @throws {CniError}
 */
export function check(call: Call): void {
  const { environment, configuration, ports } = call
  const pod = podArgumentsOf(environment.args)
  const previous = previousResultIn(configuration, call.version)
  if (pod === undefined || isOwnAgentPod(pod, configuration.json.pod_namespace)) return
  const config = call.config()
  if (isExcluded(pod, config.excludeNamespaces)) return

  requirePodNetns(environment, ports)
  const question = podQuestion(HTTP_PATH.check, pod, environment, previous)
  doneOf(askAgent(question, config.agentRunDir, POD_PATIENCE, ports))
}
