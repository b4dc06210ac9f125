/** What a program looks like in the kernel, learned by loading it into an empty namespace and reading it back. */
import type { KernelProgram } from '../rules/program.ts'
import { targetsOf, writeTarget } from './change.ts'
import { NetnsError } from './errors.ts'
import { kernelRules } from './kernel-rules.ts'
import { insideScratchNamespace, type OpenNamespace } from './namespace.ts'
import { hasLegacyTables, ourLinesOf, type RuleSetName, readPresent, type Toolbox } from './rule-sets.ts'
import { UndoStack } from './undo.ts'
import type { XtablesVariant } from './xtables.ts'

/** A program in a namespace that holds nothing else. */
export type Expectation = Readonly<{
  lines: ReadonlyMap<RuleSetName, string[]>
  /** All of it, if nf_tables holds all of it. */
  bytes: Buffer | undefined
}>

/** Most pods of a node share a few programs. */
const mostRemembered = 64

/** Remembers what programs look like by their text, so that a known one costs nothing. */
export class Expectations {
  readonly #remembered = new Map<string, Expectation>()
  readonly #askedOnce = new Set<string>()

  /** What is known without looking. */
  known(program: KernelProgram, variant: XtablesVariant): Expectation | undefined {
    return this.#remembered.get(keyOf(program, variant))
  }

  /** What is known, or worth knowing: to learn it takes longer than to write it once. */
  usual(
    program: KernelProgram,
    variant: XtablesVariant,
    toolbox: Toolbox,
    current: OpenNamespace,
  ): Expectation | undefined {
    const key = keyOf(program, variant)
    if (this.#remembered.has(key) || this.#askedOnce.has(key)) {
      try {
        return this.of(program, variant, toolbox, current)
      } catch (error) {
        // Whoever can do without it finds out what is wrong where it matters.
        if (error instanceof NetnsError) return undefined
        throw error
      }
    }
    if (this.#askedOnce.size >= mostRemembered) this.#askedOnce.clear()
    this.#askedOnce.add(key)
    return undefined
  }

  /** The thread is inside `current` and is there again afterwards. */
  of(program: KernelProgram, variant: XtablesVariant, toolbox: Toolbox, current: OpenNamespace): Expectation {
    const key = keyOf(program, variant)
    const expectation = this.#remembered.get(key) ?? learned(program, variant, toolbox, current)
    this.#remembered.delete(key)
    this.#remembered.set(key, expectation)
    const oldest = this.#remembered.keys().next().value
    if (this.#remembered.size > mostRemembered && oldest !== undefined) this.#remembered.delete(oldest)
    return expectation
  }
}

const keyOf = (program: KernelProgram, variant: XtablesVariant): string =>
  JSON.stringify(program.backend === 'nft' ? program.nft : [variant, program.restore])

function learned(
  program: KernelProgram,
  variant: XtablesVariant,
  { nftables, xtables }: Toolbox,
  current: OpenNamespace,
): Expectation {
  // The scratch namespace is the agent's own, so no other user namespace is entered for it.
  const toolbox: Toolbox = { nftables, xtables: { deadline: xtables.deadline } }
  return insideScratchNamespace(current, () => {
    const empty = { nft: new Map(), xtables: new Map() }
    for (const target of targetsOf(program, variant)) writeTarget(target, empty, toolbox, new UndoStack())
    const bytes = hasLegacyTables() ? undefined : kernelRules()
    return { lines: ourLinesOf(readPresent(toolbox)), bytes }
  })
}

/** Whether the calling thread's namespace holds exactly this; if it may hold more, only its listing tells. */
export function isExactlyHere({ bytes }: Expectation): boolean {
  return bytes !== undefined && !hasLegacyTables() && kernelRules()?.equals(bytes) === true
}
