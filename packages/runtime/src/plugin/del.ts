import { HTTP_PATH } from '@istio-install-cni/config-schema'
import { askAgent } from './agent.ts'
import type { Call } from './call.ts'
import { previousResultIn } from './configuration.ts'
import { asCniError } from './errors.ts'
import { isExcluded, isOwnAgentPod } from './exemption.ts'
import { podArgumentsOf } from './pod-arguments.ts'
import { podQuestion } from './question.ts'
import { doneOf } from './reply.ts'

const PATIENCE = { connectMs: 0, answerMs: 1500 }

/**
 * DEL: tells the agent that the pod goes. All that we made in the pod's namespace goes with it, so
 * nothing that happens here is worth keeping a pod from terminating (SPEC.md: DEL is best-effort).
 */
export function del(call: Call): void {
  try {
    tellAgent(call)
  } catch (error) {
    const { message, details } = asCniError(error)
    call.log.write('debug', 'left the agent to notice by itself that a pod has gone', {
      why: message,
      details,
    })
  }
}

function tellAgent({ environment, configuration, version, config: readConfig, ports }: Call): void {
  const pod = podArgumentsOf(environment.args)
  if (pod === undefined || isOwnAgentPod(pod, configuration.json.pod_namespace)) return
  const config = readConfig()
  if (isExcluded(pod, config.excludeNamespaces)) return
  const previous = previousResultIn(configuration, version)
  const question = podQuestion(HTTP_PATH.del, pod, environment, previous)
  doneOf(askAgent(question, config.agentRunDir, PATIENCE, ports))
}
