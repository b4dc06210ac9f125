import type { Difference } from '../netns/index.ts'
import type { HostRules, ProbeMember } from './ports.ts'

/** netns/ HostNetwork */
interface Host<P> {
  applyRules(program: P): Promise<'applied' | 'unchanged' | 'replaced'>
  verifyRules(program: P): Promise<readonly Difference[]>
  removeRules(): Promise<void>
  probeSet(): Promise<ReadonlyMap<string, string>>
  changeProbeSet(change: { put: readonly ProbeMember[]; remove: readonly ProbeMember[] }): Promise<void>
}

/** The node's namespace with the one program that it is to have. */
export const boundHost = <P>(host: Host<P>, program: P): HostRules => ({
  applyRules: () => host.applyRules(program),
  verifyRules: () => host.verifyRules(program),
  removeRules: () => host.removeRules(),
  probeSet: () => host.probeSet(),
  changeProbeSet: (change) => host.changeProbeSet(change),
})
