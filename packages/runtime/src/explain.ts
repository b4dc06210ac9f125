import { readFileSync } from 'node:fs'
import type { Settings } from '@istio-install-cni/config-schema'
import { AgentError } from './errors.ts'
import { manifestsIn } from './kube/manifest-file.ts'
import { namespaceLabels, namespaceName } from './kube/namespace-cache.ts'
import { decisionOf } from './mesh/decision.ts'
import { type MeshDecision, meshDecisionOf } from './mesh/mesh-decision.ts'
import { type Pod, podFromManifest } from './mesh/pod.ts'
import { ambientRules } from './rules/ambient.ts'
import { explain } from './rules/explain.ts'
import { sidecarRules } from './rules/sidecar.ts'

/**
 * `install-cni rules <pod.yaml>`: what would happen to this pod, rule by rule, and why. In ambient mode the labels
 * of the pod's namespace count too: the file may have its manifest besides the pod's.
 */
export function explainRules(files: readonly string[], settings: Settings): string {
  const [file] = files
  if (file === undefined) throw new AgentError('usage: install-cni rules <file with a pod manifest>')
  const manifests = [...manifestsIn(readFileSync(file, 'utf8'))]
  const namespaces = manifests.filter(({ kind }) => kind === 'Namespace')
  const pod = podFromManifest(manifests.find((manifest) => !namespaces.includes(manifest)))
  const namespace = namespaces.find((manifest) => namespaceName(manifest) === pod.namespace)
  const decision = settings.ambientEnabled
    ? meshDecisionOf(pod, namespace ? namespaceLabels(namespace) : {}, {
        ...settings,
        enablementSelectors: settings.ambientEnablementSelector,
      })
    : decisionOf(pod, settings)
  return explainDecision(pod, decision)
}

function explainDecision(pod: Pod, decision: MeshDecision): string {
  const name = `${pod.namespace}/${pod.name}`
  switch (decision.mode) {
    case 'refused':
      throw decision.error
    case 'none':
      return `${name} is left alone: ${decision.because}\n`
    case 'sidecar': {
      // A manifest has no addresses before its pod runs; any IPv4 address stands for the usual case.
      const addresses = pod.ips.length > 0 ? pod.ips : ['192.0.2.1']
      return `${name} is redirected: ${decision.because}\n\n${explain(sidecarRules(decision.redirection, addresses))}\n`
    }
    case 'ambient':
      return `${name} is redirected to ztunnel: ${decision.because}\n\n${explain(ambientRules(decision.redirection))}\n`
  }
}
