import { ambientRedirection } from '../../packages/runtime/src/mesh/ambient-redirection.ts'
import { podFromManifest } from '../../packages/runtime/src/mesh/pod.ts'
import { ambientRules } from '../../packages/runtime/src/rules/ambient.ts'
import { iptablesProgram } from '../../packages/runtime/src/rules/iptables.ts'
import { nftProgram } from '../../packages/runtime/src/rules/nft.ts'
import { type AmbientPodCase, ambientPodCases, ambientSettingsOf } from '../conformance/ambient-pod-cases.ts'
import type { State, Tables } from '../conformance/sidecar-cases.ts'
import type { Programs } from './programs.ts'
import type { ScratchNetwork } from './scratch-network.ts'

export function ambientProgramsFor(recorded: AmbientPodCase): Programs {
  const { redirection } = ambientRedirection(podFromManifest(recorded.pod), ambientSettingsOf(recorded))
  const rules = ambientRules(redirection)
  return { nft: nftProgram(rules), iptables: iptablesProgram(rules) }
}

export function recordedPod(name: string): AmbientPodCase {
  const found = ambientPodCases.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no recording ${name}`)
  return found
}

/** Brings a namespace into the state in which the original's agent left it, with the machine's own tools. */
export async function asTheOriginalLeftIt(network: ScratchNetwork, state: State): Promise<void> {
  const texts = { iptables: restoreText(state.iptables), ip6tables: restoreText(state.ip6tables) }
  const family = (index: number) => (index === 0 ? '-4' : '-6')
  await network.shell(`
    iptables-nft-restore --noflush <<'end'\n${texts.iptables}\nend
    ip6tables-nft-restore --noflush <<'end'\n${texts.ip6tables}\nend
    nft -f - <<'end'\n${(state.nft ?? []).join('\n')}\nend
    ${(state['ip rule'] ?? [])
      .map((line, index) => `ip ${family(index)} rule add priority ${line.replace(':', '')}`)
      .join('\n')}
    ${(state['ip route'] ?? []).map((line, index) => `ip ${family(index)} route add ${line.split(' scope')[0]?.split(' metric')[0]}`).join('\n')}`)
}

const restoreText = (tables: Tables = {}): string =>
  Object.entries(tables)
    .map(([name, lines]) => [`*${name}`, ...lines, 'COMMIT'].join('\n'))
    .join('\n')
