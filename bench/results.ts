import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { print } from '../scripts/tools.ts'

/** Milliseconds and MiB; what was not measured is absent. */
export interface Figures {
  readonly p50: number
  readonly p99?: number
  readonly cpu?: number
  readonly memory?: number
}

export interface Row {
  readonly what: string
  readonly ours: Figures
  readonly other?: Figures
}

const file = join(import.meta.dirname, 'RESULTS.md')
const begin = '<!-- plugin: begin -->'
const end = '<!-- plugin: end -->'

/** Prints the table and puts it in place of the last one in RESULTS.md. */
export function writeResults(rows: readonly Row[], facts: readonly string[], isComparison: boolean): void {
  const text = [conditions(), '', table(rows, isComparison), '', ...facts.map((fact) => `- ${fact}`)].join(
    '\n',
  )
  print(text)
  const before = readFileSync(file, 'utf8')
  const [head = '', rest = ''] = before.split(begin)
  const tail = rest.split(end)[1] ?? ''
  writeFileSync(file, `${head}${begin}\n${text}\n${end}${tail}`)
}

function conditions(): string {
  const [cpu] = cpus()
  return `Linux ${release()}, ${cpus().length} × ${cpu?.model.trim()}, Node ${process.version}. Medians of 20 runs, wall in ms, CPU of the plugin's process in ms, memory in MiB.`
}

function table(rows: readonly Row[], isComparison: boolean): string {
  const head = [
    'what',
    'p50',
    'p99',
    'CPU',
    'memory',
    ...(isComparison ? ['other p50', 'other p99', 'other CPU', 'ratio p50', 'ratio p99', 'ratio CPU'] : []),
  ]
  const lines = rows.map(({ what, ours, other }) => {
    const own = [what, number(ours.p50), number(ours.p99), number(ours.cpu), number(ours.memory)]
    if (!isComparison) return own
    return [
      ...own,
      number(other?.p50),
      number(other?.p99),
      number(other?.cpu),
      ratio(ours.p50, other?.p50),
      ratio(ours.p99, other?.p99),
      ratio(ours.cpu, other?.cpu),
    ]
  })
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const number = (value: number | undefined): string =>
  value === undefined ? '' : value.toFixed(value < 10 ? 2 : 1)
const ratio = (own: number | undefined, other: number | undefined): string =>
  own === undefined || other === undefined || other === 0 ? '' : `${(own / other).toFixed(2)} ×`
