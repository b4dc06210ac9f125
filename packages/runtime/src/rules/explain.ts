import type { RuleSet } from './model.ts'
import type { SystemChanges } from './program.ts'
import { hex } from './spelling.ts'
import { rowInWords } from './words.ts'

/** The rule set as an aligned text table: what matches where, what happens then, and why. Ends with a line break. */
export function explain({ families, chains, system }: RuleSet): string {
  const head = ['TABLE', 'CHAIN', 'PACKETS', 'VERDICT', 'BECAUSE']
  const rows = chains.flatMap(({ table, name, rows }) =>
    rows.map((row) => {
      const { match, verdict, because } = rowInWords(table, name, row, families)
      return [table, name, match, verdict, because]
    }),
  )
  return [
    `Programmed for ${families.map((family) => `IPv${family}`).join(' and ')}.`,
    '',
    ...aligned([head, ...rows]),
    ...systemInWords(system).flatMap((line) => ['', line]),
    '',
  ].join('\n')
}

/** What happens besides rules, one sentence each. */
export const systemInWords = ({ policyRoutes, loopbackAddresses }: SystemChanges): readonly string[] => [
  ...policyRoutes.map(
    ({ family, mark, mask, table }) =>
      `IPv${family} packets marked ${hex(mask === undefined ? mark : { value: mark, mask })} are routed by table ${table}, whose only route delivers everything locally.`,
  ),
  ...loopbackAddresses.map((address) => `Interface lo also has the address ${address}.`),
]

function aligned(lines: readonly (readonly string[])[]): readonly string[] {
  const widths = lines.reduce<readonly number[]>(
    (widest, line) => line.map((cell, column) => Math.max(cell.length, widest[column] ?? 0)),
    [],
  )
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
