/** The three things that are done with a program in a namespace. All run inside that namespace. */
import { MARK, PASSTHROUGH_SOURCE, ROUTE_TABLE } from '@istio-install-cni/config-schema'
import type { KernelProgram, SystemChanges } from '../rules/program.ts'
import { clearRuleSet, targetsOf, writeTarget } from './change.ts'
import type { Difference } from './difference.ts'
import type { Expectations } from './expectation.ts'
import type { OpenNamespace } from './namespace.ts'
import { compareRuleSets, ourLinesOf, readPresent, type Toolbox } from './rule-sets.ts'
import { addSystemChanges, missingSystemChanges, removeSystemChanges } from './system.ts'
import { UndoStack } from './undo.ts'
import type { XtablesVariant } from './xtables.ts'

/**
 * - `applied`: there were no rules of ours
 * - `unchanged`: all of it was there already
 * - `replaced`: something of ours was there and has been corrected
 */
export type ApplyOutcome = 'applied' | 'unchanged' | 'replaced'

export type ProgramJob = Readonly<{
  program: KernelProgram
  variant: XtablesVariant
  toolbox: Toolbox
  expectations: Expectations
  current: OpenNamespace
}>

/** Makes the namespace have exactly this program of ours; on failure it is left as it was. */
export function applyProgram(job: ProgramJob): ApplyOutcome {
  const { program, variant, toolbox } = job
  const undo = new UndoStack()
  return undo.guard(() => {
    const added = addSystemChanges(program.system, undo)
    const present = readPresent(toolbox)
    const ours = ourLinesOf(present)
    const targets = targetsOf(program, variant)
    const expected = targets.some(({ name }) => ours.has(name))
      ? job.expectations.of(program, variant, toolbox, job.current)
      : undefined
    let written = 0
    for (const target of targets) {
      if (isSame(ours.get(target.name), expected?.get(target.name))) continue
      writeTarget(target, present, toolbox, undo)
      written += 1
    }
    const stale = [...ours.keys()].filter((name) => !targets.some((target) => target.name === name))
    for (const name of stale) clearRuleSet(name, present, toolbox, undo)
    if (ours.size === 0) return 'applied'
    return written + stale.length + added === 0 ? 'unchanged' : 'replaced'
  })
}

function isSame(actual: readonly string[] | undefined, expected: readonly string[] | undefined): boolean {
  return actual !== undefined && expected !== undefined && actual.join('\n') === expected.join('\n')
}

/** What of the program is missing, and what of ours is there beyond it; empty when they are equal. */
export function verifyProgram(job: ProgramJob): Difference[] {
  const { program, variant, toolbox } = job
  const expected = job.expectations.of(program, variant, toolbox, job.current)
  return [
    ...compareRuleSets(expected, ourLinesOf(readPresent(toolbox))),
    ...missingSystemChanges(program.system),
  ]
}

const allSystemChanges: SystemChanges = {
  policyRoutes: ([4, 6] as const).map((family) => ({ family, mark: MARK.proxy, table: ROUTE_TABLE.tproxy })),
  loopbackAddresses: [`${PASSTHROUGH_SOURCE.ipv6}/128`],
}

/** Removes everything of ours from every rule set; foreign rules stay. Nothing there is no error. */
export function removePrograms(toolbox: Toolbox): void {
  const undo = new UndoStack()
  undo.guard(() => {
    const present = readPresent(toolbox)
    for (const name of ourLinesOf(present).keys()) clearRuleSet(name, present, toolbox, undo)
    removeSystemChanges(allSystemChanges)
  })
}
