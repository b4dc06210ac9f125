/**
 * The rule sets of a namespace in which rules of ours can be: native nftables, and iptables in two variants and
 * two families. Reading is cheap where nothing is: no process is started before its tables are known to exist.
 */
import { readFileSync } from 'node:fs'
import type { Difference } from './difference.ts'
import { differences } from './difference.ts'
import { NetnsError } from './errors.ts'
import { hasNoKernelRules } from './kernel-rules.ts'
import type { Nftables } from './nftables.ts'
import { isOurNftTable, xtablesTables } from './ours.ts'
import {
  type IpFamily,
  save,
  type XtablesOptions,
  type XtablesPlace,
  type XtablesVariant,
} from './xtables.ts'
import { ourLines } from './xtables-ours.ts'
import type { XtablesTable } from './xtables-save.ts'

/** What the jobs work with in one namespace. `nftables` is undefined where libnftables is not installed. */
export type Toolbox = Readonly<{ nftables: Nftables | undefined; xtables: XtablesOptions }>

export type RuleSetName = 'nft' | `${'iptables' | 'ip6tables'}-${XtablesVariant}`

export type PresentXtables = Readonly<{ place: XtablesPlace; tables: XtablesTable[] }>
export type Present = Readonly<{
  /** Our native tables, `"inet istio-proxy-nat"` to its listing without counters. */
  nft: ReadonlyMap<string, string>
  /** All tables of every iptables rule set that has any, foreign ones too. */
  xtables: ReadonlyMap<RuleSetName, PresentXtables>
}>

const places: readonly XtablesPlace[] = (['nft', 'legacy'] as const).flatMap((variant) =>
  ([4, 6] as const).map((family) => ({ variant, family })),
)

function ruleSetName({ variant, family }: XtablesPlace): RuleSetName {
  return `${family === 4 ? 'iptables' : 'ip6tables'}-${variant}`
}

export function readPresent({ nftables, xtables }: Toolbox): Present {
  if (!hasLegacyTables() && hasNoKernelRules()) return { nft: new Map(), xtables: new Map() }
  const tables = nftables?.tables()
  const nft = new Map((tables ?? []).filter(isOurNftTable).map((name) => [name, nftables?.table(name) ?? '']))
  const found = places
    .filter((place) => mayHaveTables(place, tables))
    .map((place) => [ruleSetName(place), { place, tables: tablesOf(place, nftables, xtables) }] as const)
  return { nft, xtables: new Map(found.filter(([, present]) => present.tables.length > 0)) }
}

function tablesOf(
  place: XtablesPlace,
  nftables: Nftables | undefined,
  options: XtablesOptions,
): XtablesTable[] {
  try {
    return save(place, options)
  } catch (error) {
    // Where nothing says that there are tables, a variant that does not work at all has none.
    const unknown = place.variant === 'nft' && nftables === undefined
    if (unknown && error instanceof NetnsError && error.code !== 'deadline') return []
    throw error
  }
}

/** Of each rule set the lines that are ours; rule sets without any are left out. */
export function ourLinesOf(present: Present): Map<RuleSetName, string[]> {
  const lines = new Map<RuleSetName, string[]>()
  const native = [...present.nft].sort(([left], [right]) => (left < right ? -1 : 1))
  if (native.length > 0)
    lines.set(
      'nft',
      native.flatMap(([, listing]) => listing.trimEnd().split('\n')),
    )
  for (const [name, { tables }] of present.xtables) {
    const ours = ourLines(tables)
    if (ours.length > 0) lines.set(name, ours)
  }
  return lines
}

export function compareRuleSets(
  expected: ReadonlyMap<RuleSetName, string[]>,
  actual: ReadonlyMap<RuleSetName, string[]>,
): Difference[] {
  const names = new Set([...expected.keys(), ...actual.keys()])
  return [...names].flatMap((name) =>
    differences(whereOf(name), expected.get(name) ?? [], actual.get(name) ?? []),
  )
}

function whereOf(name: RuleSetName): 'nft' | 'iptables' | 'ip6tables' {
  if (name === 'nft') return 'nft'
  return name.startsWith('ip6') ? 'ip6tables' : 'iptables'
}

/** nft's name of a table that iptables-nft keeps, such as `"ip6 mangle"`. */
export function nftNameOf(family: IpFamily, table: string): string {
  return `${family === 4 ? 'ip' : 'ip6'} ${table}`
}

function mayHaveTables({ variant, family }: XtablesPlace, nftTables: readonly string[] | undefined): boolean {
  if (variant === 'legacy') return legacyTables(family).length > 0
  // Without libnftables only the tool itself can tell.
  if (nftTables === undefined) return true
  return xtablesTables.some((table) => nftTables.includes(nftNameOf(family, table)))
}

export const hasLegacyTables = (): boolean =>
  ([4, 6] as const).some((family) => legacyTables(family).length > 0)

/** The tables that legacy iptables has opened in the calling thread's namespace; none without its modules. */
export function legacyTables(family: IpFamily): string[] {
  try {
    const file = `/proc/thread-self/net/${family === 4 ? 'ip' : 'ip6'}_tables_names`
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}
