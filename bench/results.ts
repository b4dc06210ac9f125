import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { print } from '../scripts/tools.ts'
import { median, quantile, type Run } from './bed.ts'

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
/** What one benchmark found; `other`: what the other figures are of. */
export interface Results {
  /** Of the section of RESULTS.md. */
  readonly name: string
  readonly medians: string
  readonly rows: readonly Row[]
  readonly facts: readonly string[]
  readonly other?: string
}

/** Prints the table and puts it in place of the last one in RESULTS.md. */
export function writeResults({ name, medians, rows, facts, other }: Results): void {
  const lines = facts.map((fact) => `- ${fact}`)
  const text = [conditions(medians), '', table(rows, other), '', ...lines].join('\n')
  print(text)
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]
  const [head = '', rest = ''] = readFileSync(file, 'utf8').split(begin)
  writeFileSync(file, `${head}${begin}\n${text}\n${end}${rest.split(end)[1] ?? ''}`)
}

/** A line of the table out of executions, none of which may have failed. */
export function row(what: string, own: readonly Run[], other?: readonly Run[]): Row {
  const failed = [...own, ...(other ?? [])].filter(({ exitCode }) => exitCode !== 0).length
  if (failed > 0) throw new Error(`${what}: ${failed} runs failed`)
  return { what, ours: figures(own), ...(other && { other: figures(other) }) }
}

function figures(runs: readonly Run[]): Figures {
  const walls = runs.map(({ wall }) => wall)
  return {
    p50: median(walls) / 1000,
    p99: quantile(walls, 0.99) / 1000,
    cpu: median(runs.map(({ cpu }) => cpu)) / 1000,
    memory: median(runs.map(({ memory }) => memory)) / 1024,
  }
}

/** The load is that of the last minutes before the end: others may work on the machine. */
function conditions(medians: string): string {
  const [cpu] = cpus()
  const [load = 0] = loadavg()
  const machine = `Linux ${release()}, ${cpus().length} × ${cpu?.model.trim()}, load ${load.toFixed(1)}`
  return `${machine}, Node ${process.version}. ${medians}, wall in ms, CPU of the plugin's process in ms, memory in MiB.`
}

function table(rows: readonly Row[], other: string | undefined): string {
  const head = [
    'what',
    'p50',
    'p99',
    'CPU',
    'memory',
    ...(other === undefined ? [] : ['p50', 'p99', 'CPU'].map((of) => `${other} ${of}`)),
    ...(other === undefined ? [] : ['ratio p50', 'ratio p99', 'ratio CPU']),
  ]
  const lines = rows.map(({ what, ours, other: others }) => {
    const own = [what, number(ours.p50), number(ours.p99), number(ours.cpu), number(ours.memory)]
    if (other === undefined) return own
    return [
      ...own,
      number(others?.p50),
      number(others?.p99),
      number(others?.cpu),
      ratio(ours.p50, others?.p50),
      ratio(ours.p99, others?.p99),
      ratio(ours.cpu, others?.cpu),
    ]
  })
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const number = (value: number | undefined): string =>
  value === undefined ? '' : value.toFixed(value < 10 ? 2 : 1)
const ratio = (own: number | undefined, other: number | undefined): string =>
  own === undefined || other === undefined || other === 0 ? '' : `${(own / other).toFixed(2)} ×`
