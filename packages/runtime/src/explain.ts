import { readFileSync } from 'node:fs'
import type { Settings } from '@istio-install-cni/config-schema'
import { parse } from 'yaml'
import { AgentError } from './errors.ts'
import { decisionOf } from './mesh/decision.ts'
import { podFromManifest } from './mesh/pod.ts'
import { explain } from './rules/explain.ts'
import { sidecarRules } from './rules/sidecar.ts'

/** `install-cni rules <pod.yaml>`: what would happen to this pod, rule by rule, and why. */
export function explainRules(files: readonly string[], settings: Settings): string {
  const [file] = files
  if (file === undefined) throw new AgentError('usage: install-cni rules <file with a pod manifest>')
  const pod = podFromManifest(parse(readFileSync(file, 'utf8')))
  const decision = decisionOf(pod, settings)
  if (decision.mode === 'refused') throw decision.error
  if (decision.mode === 'none') return `${pod.namespace}/${pod.name} is left alone: ${decision.because}\n`
  // A manifest has no addresses before its pod runs; any IPv4 address stands for the usual case.
  const addresses = pod.ips.length > 0 ? pod.ips : ['192.0.2.1']
  return `${pod.namespace}/${pod.name} is redirected: ${decision.because}\n\n${explain(sidecarRules(decision.redirection, addresses))}\n`
}
