import { readFileSync } from 'node:fs'
import { DEFAULT_ENABLEMENT_SELECTORS, parsePluginConfig } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { type MeshDecision, meshDecisionOf } from '../../packages/runtime/src/mesh/mesh-decision.ts'
import { podFromManifest } from '../../packages/runtime/src/mesh/pod.ts'

type AmbientCase = Readonly<{
  name: string
  namespace: Readonly<{ name: string; labels?: Readonly<Record<string, string>> }>
  pod: unknown
  netconf: Readonly<{ enablement_selectors?: unknown; exclude_namespaces?: readonly string[] }>
  decision: 'ambient' | 'sidecar' | 'left alone' | 'refused'
}>

const cases: readonly AmbientCase[] = readFileSync(
  new URL('data/ambient-selection.jsonl', import.meta.url),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))

const recorded: Readonly<Record<MeshDecision['mode'], AmbientCase['decision']>> = {
  ambient: 'ambient',
  sidecar: 'sidecar',
  none: 'left alone',
  refused: 'refused',
}

/** The original enrols pods for Windows, whose traffic no agent on a Linux node will ever see. */
const mended = new Map<string, AmbientCase['decision']>([['ambient-namespace-windows', 'left alone']])

function decisionIn({ namespace, pod, netconf }: AmbientCase): AmbientCase['decision'] {
  const { enablementSelectors } = parsePluginConfig({
    cniVersion: '1.0.0',
    name: 'net',
    type: 'istio-cni',
    ambient_enabled: true,
    enablement_selectors: netconf.enablement_selectors ?? DEFAULT_ENABLEMENT_SELECTORS,
  })
  const { mode } = meshDecisionOf(podFromManifest(pod), namespace.labels ?? {}, {
    excludeNamespaces: netconf.exclude_namespaces ?? ['kube-system'],
    podNamespace: 'istio-system',
    enablementSelectors,
    ambientDnsCapture: true,
    ambientIpv6: true,
    hostProbeSnatIp: '169.254.7.127',
    hostProbeSnatIpv6: 'fd16::7',
  })
  return recorded[mode]
}

describe('selection of ambient pods', () => {
  it('is checked against every recorded decision', () => {
    expect(cases).toHaveLength(36)
  })

  it.each(cases.filter(({ name }) => !mended.has(name)))(
    'decides $name as the original: $decision',
    (recordedCase) => {
      expect(decisionIn(recordedCase), JSON.stringify(recordedCase, undefined, 1)).toBe(recordedCase.decision)
    },
  )

  it.each(cases.filter(({ name }) => mended.has(name)))('decides $name better than the original', (flaw) => {
    expect(flaw.decision).toBe('ambient')
    expect(decisionIn(flaw)).toBe(mended.get(flaw.name))
  })
})
