/** Which rules of an iptables save are ours, and the text that replaces or removes just these. Pure. */
import { MARK } from '@istio-install-cni/config-schema'
import { isOurChain } from './ours.ts'
import type { XtablesRule, XtablesTable } from './xtables-save.ts'

const target = /(?:^| )(?:-j|-g) (\S+)/
const interfaceReturn = /^-[io] \S+ -j RETURN$/
const marks = [MARK.proxy, MARK.proxyOutbound].map((mark) => `0x${mark.toString(16)}`).join('|')
const markedByUs = new RegExp(`(?:--mark|--set-xmark|--tproxy-mark) (?:${marks})(?:/0xffffffff)?(?: |$)`)

/**
 * Rules outside of our chains that are ours all the same: jumps to our chains, TPROXY's marks, and in a table with
 * chains of ours the returns for excluded and virtual interfaces. These last carry no mark of ours: a foreign rule
 * of exactly this shape (`-i eth1 -j RETURN`) in the same chain would be taken for one.
 */
function isOurRule(table: XtablesTable, rule: XtablesRule): boolean {
  if (isOurChain(rule.chain)) return true
  const to = target.exec(rule.specification)?.[1] ?? ''
  if (isOurChain(to)) return true
  if (table.name === 'mangle' && markedByUs.test(rule.specification)) return true
  return (
    (rule.chain === 'PREROUTING' || rule.chain === 'OUTPUT') &&
    interfaceReturn.test(rule.specification) &&
    table.chains.some(({ name }) => isOurChain(name))
  )
}

/** Our chains and rules as sorted-by-chain lines, the order within each chain kept; empty if nothing is ours. */
export function ourLines(tables: readonly XtablesTable[]): string[] {
  return tables.toSorted(byName).flatMap((table) => {
    const chains = table.chains.map(({ name }) => name).filter(isOurChain)
    const rules = table.rules.filter((rule) => isOurRule(table, rule))
    if (chains.length === 0 && rules.length === 0) return []
    return [
      `*${table.name}`,
      ...chains.sort().map((name) => `:${name} -`),
      ...rules
        .toSorted((left, right) => compareText(left.chain, right.chain))
        .map((rule) => `-A ${rule.chain} ${rule.specification}`),
    ]
  })
}

/** Whether nothing of others is in the table: no rule, no chain, no policy but the usual one. */
export function isWhollyOurs(table: XtablesTable): boolean {
  return (
    table.rules.every((rule) => isOurRule(table, rule)) &&
    table.chains.every(({ name, policy }) => isOurChain(name) || policy === 'ACCEPT')
  )
}

const compareText = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0)
const byName = (left: XtablesTable, right: XtablesTable) => compareText(left.name, right.name)

/**
 * Input for a restore without flush that takes all of ours out of `present` and puts `program` (input of the same
 * kind, or nothing) in, one transaction for each table. Rules of others keep their place and their counters.
 */
export function replacementText(present: readonly XtablesTable[], program: string): string {
  const wanted = programLines(program)
  const names = new Set([...present.map(({ name }) => name), ...wanted.keys()])
  return [...names]
    .flatMap((name) => {
      const table = present.find((candidate) => candidate.name === name)
      const lines = wanted.get(name) ?? []
      const before = table ? deletions(table) : { rules: [], chains: [] }
      if (before.rules.length + before.chains.length + lines.length === 0) return []
      const declared = new Set(lines.map((line) => /^:(\S+)/.exec(line)?.[1]))
      return [
        `*${name}`,
        ...before.rules,
        ...before.chains.map((chain) => `-F ${chain}`),
        ...before.chains.filter((chain) => !declared.has(chain)).map((chain) => `-X ${chain}`),
        ...lines,
        'COMMIT',
      ]
    })
    .map((line) => `${line}\n`)
    .join('')
}

/** Deletions by number, highest first, so that each number still holds when its turn comes. */
function deletions(table: XtablesTable): { rules: string[]; chains: string[] } {
  const positions = new Map<string, number>()
  const rules: string[] = []
  for (const rule of table.rules) {
    const position = (positions.get(rule.chain) ?? 0) + 1
    positions.set(rule.chain, position)
    if (!isOurChain(rule.chain) && isOurRule(table, rule)) rules.push(`-D ${rule.chain} ${position}`)
  }
  return { rules: rules.reverse(), chains: table.chains.map(({ name }) => name).filter(isOurChain) }
}

/** The lines of a restore text by table, without `*table`, `COMMIT` and comments. */
function programLines(program: string): Map<string, string[]> {
  const tables = new Map<string, string[]>()
  let lines: string[] = []
  for (const line of program.split('\n')) {
    if (line.startsWith('*')) {
      const name = line.slice(1).trim()
      lines = tables.get(name) ?? []
      tables.set(name, lines)
    } else if (line !== '' && line !== 'COMMIT' && !line.startsWith('#')) {
      lines.push(line)
    }
  }
  return tables
}
