import { describe, expect, it } from 'vitest'
import { type Decision, decisionOf } from '../../packages/runtime/src/mesh/decision.ts'
import { podFromManifest } from '../../packages/runtime/src/mesh/pod.ts'
import { type SelectionCase, selectionCases, settingsOf } from './sidecar-cases.ts'

const recorded: Readonly<Record<Decision['mode'], SelectionCase['decision']>> = {
  sidecar: 'redirected',
  none: 'left alone',
  refused: 'refused',
}

describe('selection of sidecar pods', () => {
  it('is checked against every recorded decision', () => {
    expect(selectionCases).toHaveLength(52)
  })

  it.each(selectionCases)('decides $name as the original: $decision', ({ pod, netconf, decision }) => {
    const { mode } = decisionOf(podFromManifest(pod), settingsOf(netconf))
    expect(recorded[mode], JSON.stringify(pod, undefined, 1)).toBe(decision)
  })

  it.each(selectionCases.filter(({ decision }) => decision === 'refused'))(
    'refuses $name with an error that names annotation, value and expectation',
    ({ pod, netconf }) => {
      const decision = decisionOf(podFromManifest(pod), settingsOf(netconf))
      if (decision.mode !== 'refused') expect.unreachable()
      const [problem] = decision.error.problems
      expect(decision.error.message).toContain(
        `${problem?.annotation} is ${JSON.stringify(problem?.value)}; expected: `,
      )
    },
  )
})
