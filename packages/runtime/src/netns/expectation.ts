/** What a program looks like in the kernel, learned by loading it into an empty namespace and reading it back. */
import type { KernelProgram } from '../rules/program.ts'
import { targetsOf, writeTarget } from './change.ts'
import { insideScratchNamespace, type OpenNamespace } from './namespace.ts'
import { ourLinesOf, type RuleSetName, readPresent, type Toolbox } from './rule-sets.ts'
import { UndoStack } from './undo.ts'
import type { XtablesVariant } from './xtables.ts'

type Lines = ReadonlyMap<RuleSetName, string[]>

/** Most pods of a node share a few programs. */
const mostRemembered = 64

/** Remembers the listings of programs by their text, so that a known one costs nothing. */
export class Expectations {
  readonly #remembered = new Map<string, Lines>()

  /** The listing of the program. The thread is inside `current` and is there again afterwards. */
  of(program: KernelProgram, variant: XtablesVariant, toolbox: Toolbox, current: OpenNamespace): Lines {
    const key = JSON.stringify(program.backend === 'nft' ? program.nft : [variant, program.restore])
    const lines = this.#remembered.get(key) ?? listingOf(program, variant, toolbox, current)
    this.#remembered.delete(key)
    this.#remembered.set(key, lines)
    const oldest = this.#remembered.keys().next().value
    if (this.#remembered.size > mostRemembered && oldest !== undefined) this.#remembered.delete(oldest)
    return lines
  }
}

function listingOf(
  program: KernelProgram,
  variant: XtablesVariant,
  { nftables, xtables }: Toolbox,
  current: OpenNamespace,
): Lines {
  // The scratch namespace is the agent's own, so no other user namespace is entered for it.
  const toolbox: Toolbox = { nftables, xtables: { deadline: xtables.deadline } }
  return insideScratchNamespace(current, () => {
    const empty = { nft: new Map(), xtables: new Map() }
    for (const target of targetsOf(program, variant)) writeTarget(target, empty, toolbox, new UndoStack())
    return ourLinesOf(readPresent(toolbox))
  })
}
