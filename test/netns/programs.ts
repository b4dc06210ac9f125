import { decisionOf } from '../../packages/runtime/src/mesh/decision.ts'
import { podFromManifest } from '../../packages/runtime/src/mesh/pod.ts'
import { iptablesProgram } from '../../packages/runtime/src/rules/iptables.ts'
import { nftProgram } from '../../packages/runtime/src/rules/nft.ts'
import type { IptablesProgram, NftProgram } from '../../packages/runtime/src/rules/program.ts'
import { sidecarRules } from '../../packages/runtime/src/rules/sidecar.ts'

export type Programs = Readonly<{ nft: NftProgram; iptables: IptablesProgram }>

/** The programs of a pod manifest for both back-ends. */
export function programsFor(pod: unknown, addresses: readonly string[]): Programs {
  const decision = decisionOf(podFromManifest(pod), { excludeNamespaces: [], podNamespace: 'istio-system' })
  if (decision.mode !== 'sidecar') throw new Error(`not redirected: ${JSON.stringify(decision)}`)
  const rules = sidecarRules(decision.redirection, addresses)
  return { nft: nftProgram(rules), iptables: iptablesProgram(rules) }
}

export type PodOptions = Readonly<{
  annotations?: Readonly<Record<string, string>>
  proxyEnv?: Readonly<Record<string, string>>
  proxyUid?: number
}>

/** An injected pod as the API server has it. */
export function sidecarPod({ annotations = {}, proxyEnv = {}, proxyUid = 1337 }: PodOptions = {}): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'app',
      namespace: 'shop',
      annotations: { 'sidecar.istio.io/status': '{}', ...annotations },
    },
    spec: {
      containers: [
        { name: 'app', image: 'example/app:1' },
        {
          name: 'istio-proxy',
          image: 'example/proxy:1',
          args: ['proxy', 'sidecar'],
          env: Object.entries(proxyEnv).map(([name, value]) => ({ name, value })),
          securityContext: { runAsUser: proxyUid, runAsGroup: proxyUid },
        },
      ],
    },
  }
}
