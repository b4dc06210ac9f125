/** The format of iptables-save(8), which is also that of iptables-restore(8). Pure. */

type XtablesChain = Readonly<{ name: string; policy: string; counters: string }>
export type XtablesRule = Readonly<{
  chain: string
  /** Matches and target, without counters and `-A CHAIN`. */
  specification: string
  /** `[packets:bytes]`, or empty when the save was made without counters. */
  counters: string
}>
export type XtablesTable = Readonly<{ name: string; chains: XtablesChain[]; rules: XtablesRule[] }>

const chainLine = /^:(\S+) (\S+)(?: (\[\d+:\d+\]))?$/
const ruleLine = /^(?:(\[\d+:\d+\]) )?-A (\S+) ?(.*)$/

/** Reads the tables of a save; comments and lines of a form that iptables-save does not write are left out. */
export function parseSave(text: string): XtablesTable[] {
  const tables: XtablesTable[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) tables.push({ name: line.slice(1).trim(), chains: [], rules: [] })
    const table = tables.at(-1)
    if (table === undefined) continue
    const chain = chainLine.exec(line)
    if (chain) table.chains.push({ name: chain[1] ?? '', policy: chain[2] ?? '-', counters: chain[3] ?? '' })
    const rule = ruleLine.exec(line)
    if (rule) {
      table.rules.push({
        counters: rule[1] ?? '',
        chain: rule[2] ?? '',
        specification: (rule[3] ?? '').trim(),
      })
    }
  }
  return tables
}

/** The text that brings exactly these tables back, counters too; for a restore that flushes. */
export function printTables(tables: readonly XtablesTable[]): string {
  return tables
    .flatMap(({ name, chains, rules }) => [
      `*${name}`,
      ...chains.map((chain) => `:${chain.name} ${chain.policy} ${chain.counters || '[0:0]'}`),
      ...rules.map((rule) => `${rule.counters} -A ${rule.chain} ${rule.specification}`.trim()),
      'COMMIT',
    ])
    .map((line) => `${line}\n`)
    .join('')
}

/** The same table with its built-in chains alone, empty and open. */
export function emptied(table: XtablesTable): XtablesTable {
  return {
    name: table.name,
    chains: table.chains
      .filter(({ policy }) => policy !== '-')
      .map(({ name }) => ({ name, policy: 'ACCEPT', counters: '' })),
    rules: [],
  }
}

/** Whether two saves of a table differ in nothing but counters. */
export function hasSameRules(left: XtablesTable, right: XtablesTable): boolean {
  return withoutCounters(left) === withoutCounters(right)
}

function withoutCounters({ name, chains, rules }: XtablesTable): string {
  return JSON.stringify([
    name,
    chains.map((chain) => [chain.name, chain.policy]).sort(),
    rules.map(({ chain, specification }) => [chain, specification]),
  ])
}
