import type { Scope } from './scope.ts'

/** The lines of neighbours; those that ask for the same share one `if`. */
export const joinedBlocks = (blocks: readonly (readonly string[])[], { indent }: Scope): string[] => {
  const pad = ' '.repeat(indent)
  const lines: string[] = []
  let condition: string | undefined
  for (const block of blocks) {
    const asked = conditionOf(block, pad)
    if (asked !== undefined && asked === condition) lines.splice(-1, 1, ...block.slice(1))
    else lines.push(...block)
    if (block.length > 0) condition = asked
  }
  return lines
}

/** The first line of a block that is one `if` or `with` without an alternative. */
const conditionOf = (block: readonly string[], pad: string): string | undefined => {
  const [first] = block
  const isConditional = first?.startsWith(`${pad}{{- if `) || first?.startsWith(`${pad}{{- with `)
  const actions = block.filter((each) => each.startsWith(`${pad}{{- `))
  return isConditional && actions.length === 2 ? first : undefined
}
