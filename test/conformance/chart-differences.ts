// The part "The chart's objects" of docs/reference/differences.md, as data.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Difference, THERE } from './chart-facts.ts'

const page = join(import.meta.dirname, '../../docs/reference/differences.md')
const heading = "## The chart's objects"

/** A row of the table: paths that may differ, and how. */
export interface IntendedDifference {
  readonly where: string
  readonly theirs: string
  readonly ours: string
  readonly because: string
}

/** Rows for paths in objects, and rows for values that are given together. */
export function intendedDifferences(): { paths: IntendedDifference[]; values: IntendedDifference[] } {
  const [, part = ''] = readFileSync(page, 'utf8').split(heading)
  const [own = ''] = part.split('\n## ')
  const rows = own
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(2, -2).split(' | '))
    .map(([where = '', theirs = '', ours = '', because = '']) => ({
      where: where.replaceAll('`', ''),
      theirs,
      ours,
      because,
    }))
  if (rows.length === 0) throw new Error(`${page} has no table below "${heading}"`)
  return { paths: rows.filter((row) => !isOfValues(row)), values: rows.filter(isOfValues) }
}

/** Does the row describe this difference? */
export function describes({ where, theirs, ours }: IntendedDifference, difference: Difference): boolean {
  const pattern = new RegExp(`^${where.split('*').map(RegExp.escape).join('.*')}$`)
  return pattern.test(difference.path) && says(theirs, difference.theirs) && says(ours, difference.ours)
}

function isOfValues({ where }: IntendedDifference): boolean {
  return !where.includes(' ') && where.includes('=')
}

function says(cell: string, value: string | undefined): boolean {
  if (cell === '–' || value === undefined) return cell === '–' && value === undefined
  const [, code] = /^`([^`]*)`$/.exec(cell) ?? []
  return value === THERE || code === undefined || isNameOfValue(code) || code === value
}

/** Code may also be the name of the chart value that the setting has. */
function isNameOfValue(code: string): boolean {
  return /^[a-z]+[A-Z]\w+$/.test(code)
}
