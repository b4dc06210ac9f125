/** The three things that are done with a program in a namespace. All run inside that namespace. */
import { PASSTHROUGH_SOURCE } from '@istio-install-cni/config-schema'
import { ambientRoute, tproxyRoute } from '../rules/policy-routes.ts'
import type { KernelProgram, SystemChanges } from '../rules/program.ts'
import { clearRuleSet, copyTargets, type Target, targetsOf, writeTarget } from './change.ts'
import type { Difference } from './difference.ts'
import { type Expectations, isExactlyHere } from './expectation.ts'
import { fittedTo, type Ipv6, ipv6For } from './ipv6.ts'
import { hasNoKernelRules } from './kernel-rules.ts'
import type { OpenNamespace } from './namespace.ts'
import { spareOpenConnections, takeUpOpenConnections } from './open-connections.ts'
import { compareRuleSets, hasLegacyTables, ourLinesOf, readPresent, type Toolbox } from './rule-sets.ts'
import { addSystemChanges, missingSystemChanges, removeSystemChanges } from './system.ts'
import { UndoStack } from './undo.ts'
import type { XtablesVariant } from './xtables.ts'

/**
 * - `applied`: there were no rules of ours
 * - `unchanged`: all of it was there already
 * - `replaced`: something of ours was there and has been corrected
 */
export type ApplyOutcome = 'applied' | 'unchanged' | 'replaced'

/** What was done, and how much of the program's IPv6 half the namespace could take. */
export type Applied = Readonly<{ outcome: ApplyOutcome; ipv6: Ipv6 }>

/** Which back-ends' rules of ours are in a namespace. */
export type PresentBackend = 'nft' | 'iptables' | 'both' | 'none'

export type ProgramJob = Readonly<{
  program: KernelProgram
  variant: XtablesVariant
  toolbox: Toolbox
  expectations: Expectations
  current: OpenNamespace
}>

/** Makes the namespace have exactly this program of ours; on failure it is left as it was. */
export function applyProgram(job: ProgramJob): Applied {
  const ipv6 = ipv6For(job.program)
  return { outcome: applyFitted({ ...job, program: fittedTo(ipv6, job.program) }, ipv6), ipv6 }
}

function applyFitted(job: ProgramJob, ipv6: Ipv6): ApplyOutcome {
  const { program, variant, toolbox } = job
  const undo = new UndoStack()
  return undo.guard(() => {
    const added = addSystemChanges(program.system, ipv6, undo)
    const known = job.expectations.known(program, variant)
    if (known !== undefined && isExactlyHere(known)) return added === 0 ? 'unchanged' : 'replaced'
    const present = readPresent(toolbox)
    const ours = ourLinesOf(present)
    const targets = targetsOf(program, variant)
    const expected = targets.some(({ name }) => ours.has(name))
      ? job.expectations.of(program, variant, toolbox, job.current)
      : undefined
    if (ours.size === 0) spareOpenConnections(undo)
    if (isCopied(job, targets, undo)) return 'applied'
    let written = 0
    for (const target of targets) {
      if (isSame(ours.get(target.name), expected?.lines.get(target.name))) continue
      writeTarget(target, present, toolbox, undo)
      written += 1
    }
    const stale = [...ours.keys()].filter((name) => !targets.some((target) => target.name === name))
    for (const name of stale) clearRuleSet(name, present, toolbox, undo)
    if (ours.size === 0) return 'applied'
    return written + stale.length + added === 0 ? 'unchanged' : 'replaced'
  })
}

/** The usual rules go into a new pod as the kernel has them elsewhere: the tools of iptables take ten times as long. */
function isCopied(
  { program, variant, toolbox, expectations, current }: ProgramJob,
  targets: readonly Target[],
  undo: UndoStack,
): boolean {
  if (program.backend !== 'iptables' || variant !== 'nft') return false
  // Only a tool inside the user namespace may write rules that match owners.
  if (toolbox.xtables.userNamespace !== undefined) return false
  if (hasLegacyTables() || !hasNoKernelRules()) return false
  const bytes = expectations.usual(program, variant, toolbox, current)?.bytes
  return bytes !== undefined && copyTargets(targets, bytes, toolbox, undo)
}

function isSame(actual: readonly string[] | undefined, expected: readonly string[] | undefined): boolean {
  return actual !== undefined && expected !== undefined && actual.join('\n') === expected.join('\n')
}

/** What of the program is missing, and what of ours is there beyond it; empty when they are equal. */
export function verifyProgram(job: ProgramJob): Difference[] {
  const { variant, toolbox } = job
  const ipv6 = ipv6For(job.program)
  const program = fittedTo(ipv6, job.program)
  const expected = job.expectations.of(program, variant, toolbox, job.current)
  return [
    ...(isExactlyHere(expected) ? [] : compareRuleSets(expected.lines, ourLinesOf(readPresent(toolbox)))),
    ...missingSystemChanges(program.system, ipv6),
  ]
}

/** An ambient pod keeps the back-end that it was given, even if the agent now prefers the other. */
export function presentBackend(toolbox: Toolbox): PresentBackend {
  const names = [...ourLinesOf(readPresent(toolbox)).keys()]
  const hasNft = names.includes('nft')
  if (names.length > (hasNft ? 1 : 0)) return hasNft ? 'both' : 'iptables'
  return hasNft ? 'nft' : 'none'
}

const allSystemChanges: SystemChanges = {
  policyRoutes: ([4, 6] as const).flatMap((family) => [tproxyRoute(family), ambientRoute(family)]),
  loopbackAddresses: [`${PASSTHROUGH_SOURCE.ipv6}/128`],
}

/** Removes everything of ours from every rule set; foreign rules stay. Nothing there is no error. */
export function removePrograms(toolbox: Toolbox): void {
  const undo = new UndoStack()
  undo.guard(() => {
    const present = readPresent(toolbox)
    const ours = [...ourLinesOf(present).keys()]
    for (const name of ours) clearRuleSet(name, present, toolbox, undo)
    removeSystemChanges(allSystemChanges)
    if (ours.length > 0) takeUpOpenConnections()
  })
}
