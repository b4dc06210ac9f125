/** Puts rules of ours in, replaces and removes them, each step with the way back. */
import type { KernelProgram } from '../rules/program.ts'
import { Deadline } from './deadline.ts'
import { NetnsError } from './errors.ts'
import { copyKernelRules } from './kernel-copy.ts'
import type { Nftables } from './nftables.ts'
import { isOurNftTable } from './ours.ts'
import { nftNameOf, type Present, type PresentXtables, type RuleSetName, type Toolbox } from './rule-sets.ts'
import type { UndoStack } from './undo.ts'
import {
  type IpFamily,
  restoreExactly,
  restoreInto,
  save,
  type XtablesPlace,
  type XtablesVariant,
} from './xtables.ts'
import { isWhollyOurs, ourLines, replacementText } from './xtables-ours.ts'
import { emptied, hasSameRules, printTables, type XtablesTable } from './xtables-save.ts'

/** Taking back must be possible after the job's own time is over. */
const undoMilliseconds = 2000

/** One rule set that a program writes, with the text for it. */
export type Target =
  | Readonly<{ name: 'nft'; text: string }>
  | Readonly<{ name: Exclude<RuleSetName, 'nft'>; place: XtablesPlace; text: string }>

export function targetsOf(program: KernelProgram, variant: XtablesVariant): Target[] {
  if (program.backend === 'nft') return [{ name: 'nft', text: program.nft }]
  const texts: [IpFamily, string | undefined][] = [
    [4, program.restore.ipv4],
    [6, program.restore.ipv6],
  ]
  return texts.flatMap(([family, text]) => {
    if (!text) return []
    const place = { variant, family }
    return [{ name: `${family === 4 ? 'iptables' : 'ip6tables'}-${variant}` as const, place, text }]
  })
}

/** Brings one rule set from what is present of ours, if anything, to the target's rules. */
export function writeTarget(target: Target, present: Present, toolbox: Toolbox, undo: UndoStack): void {
  if (target.name === 'nft') {
    replaceNft(requireNftables(toolbox), [...present.nft.keys()], target.text, undo)
    return
  }
  replaceXtables(target.place, present.xtables.get(target.name)?.tables ?? [], target.text, toolbox, undo)
}

/**
 * Puts all targets into a namespace without any rules, as they are known from another.
 * @returns false when it cannot be done, and nothing has changed
 */
export function copyTargets(
  targets: readonly Target[],
  bytes: Buffer,
  toolbox: Toolbox,
  undo: UndoStack,
): boolean {
  if (!copyKernelRules(bytes)) return false
  for (const target of targets)
    if (target.name !== 'nft') undo.push(() => restoreState(target.place, [], toolbox))
  return true
}

/** Removes what is ours from one rule set and leaves the rest. */
export function clearRuleSet(name: RuleSetName, present: Present, toolbox: Toolbox, undo: UndoStack): void {
  if (name === 'nft') {
    replaceNft(requireNftables(toolbox), [...present.nft.keys()], '', undo)
    return
  }
  const found = present.xtables.get(name)
  if (found) clearXtables(found, toolbox, undo)
}

function clearXtables({ place, tables }: PresentXtables, toolbox: Toolbox, undo: UndoStack): void {
  const { nftables } = toolbox
  if (place.variant === 'legacy' || !nftables || !tables.every(isWhollyOurs)) {
    replaceXtables(place, tables, '', toolbox, undo)
    return
  }
  undo.push(() => restoreState(place, tables, toolbox))
  nftables.run(deleteTables(tables.map(({ name }) => nftNameOf(place.family, name))))
}

function requireNftables({ nftables }: Toolbox): Nftables {
  if (nftables) return nftables
  throw new NetnsError('backend-missing', 'native nftables needs libnftables, which is not installed')
}

function replaceNft(nftables: Nftables, present: readonly string[], text: string, undo: UndoStack): void {
  const previous = present.map((table) => nftables.table(table, { counters: true })).join('\n')
  nftables.run(`${deleteTables(present)}${text}\n`)
  undo.push(() => nftables.run(`${deleteTables(nftables.tables().filter(isOurNftTable))}${previous}\n`))
}

function deleteTables(names: readonly string[]): string {
  return names.map((name) => `delete table ${name}\n`).join('')
}

function replaceXtables(
  place: XtablesPlace,
  present: XtablesTable[],
  text: string,
  toolbox: Toolbox,
  undo: UndoStack,
): void {
  // Each table is a transaction of its own: the way back is needed before the first one.
  undo.push(() => restoreState(place, present, toolbox))
  const hasOurs = ourLines(present).length > 0
  restoreInto(place, hasOurs ? replacementText(present, text) : text, toolbox.xtables)
}

/** Brings one rule set back to exactly these tables; others that came since are removed or, in legacy, emptied. */
function restoreState(place: XtablesPlace, before: XtablesTable[], toolbox: Toolbox): void {
  const options = { ...toolbox.xtables, deadline: new Deadline(undoMilliseconds) }
  const now = save(place, options)
  const changed = before.filter((table) => !now.some((present) => hasSameRules(present, table)))
  const added = now.filter(({ name }) => !before.some((table) => table.name === name))
  const { nftables } = toolbox
  const removable = place.variant === 'nft' && nftables !== undefined
  if (removable && added.length > 0) {
    nftables.run(deleteTables(added.map(({ name }) => nftNameOf(place.family, name))))
  }
  const tables = [...changed, ...(removable ? [] : added.map(emptied))]
  if (tables.length > 0) restoreExactly(place, printTables(tables), options)
}
