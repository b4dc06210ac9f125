// The commands of the documentation. A comment above a block says what a reader has to know about it, too:
//   <!-- not executed: why -->     it needs what no test has
//   <!-- fails: words -->          it fails, with these words among others
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/tools.ts'

export interface Commands {
  /** `document:line`. */
  readonly place: string
  readonly script: string
  readonly notExecuted?: string
  readonly fails?: string
}

const block = /(?:^<!-- (not executed|fails): ([^\n]+) -->\n)?^```sh\n(.*?)^```$/gms

/** Every block of shell commands, in its order. */
export function commandsOf(document: string): Commands[] {
  const text = readFileSync(join(root, document), 'utf8')
  return [...text.matchAll(block)].map((found) => {
    const [, note, words, script = ''] = found
    const place = `${document}:${text.slice(0, found.index).split('\n').length}`
    if (note === 'fails') return { place, script, fails: words ?? '' }
    return { place, script, ...(note !== undefined && { notExecuted: words ?? '' }) }
  })
}

/** The rows of the table whose first column has that heading, as their cells. */
export function rowsOf(document: string, heading: string): string[][] {
  const cellsOf = (line: string) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
  const lines = readFileSync(join(root, document), 'utf8').split('\n')
  const head = lines.findIndex((line) => line.startsWith('|') && cellsOf(line)[0] === heading)
  if (head < 0) throw new Error(`${document} has no table that begins with "${heading}"`)
  const body = lines.slice(head + 2)
  return body
    .slice(
      0,
      body.findIndex((line) => !line.startsWith('|')),
    )
    .map(cellsOf)
}
