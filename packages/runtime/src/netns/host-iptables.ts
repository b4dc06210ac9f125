/** The node's rules with iptables and ipset. All of it runs inside the node's namespace. */
import { existsSync } from 'node:fs'
import { probeSet } from '../rules/host.ts'
import { type HostChain, type HostIptablesProgram, hostChain } from '../rules/host-program.ts'
import { type Difference, differences } from './difference.ts'
import { hostAddress, type ProbeMember } from './host-addresses.ts'
import { changeIpSet, destroyIpSet, ensureIpSet, ipSetMembers } from './ip-set.ts'
import { insideScratchNamespace, type OpenNamespace } from './namespace.ts'
import { legacyTables, nftNameOf, type Toolbox } from './rule-sets.ts'
import { type IpFamily, listChain, restoreInto, type XtablesPlace, type XtablesVariant } from './xtables.ts'

/** How chains are listed where that differs from how they are written, by variant and chain. */
const learned = new Map<string, readonly string[]>()
const mostLearned = 16

export class HostIptables {
  readonly #program: HostIptablesProgram
  readonly #variant: XtablesVariant
  readonly #toolbox: Toolbox
  readonly #current: OpenNamespace

  constructor(
    program: HostIptablesProgram,
    variant: XtablesVariant,
    toolbox: Toolbox,
    current: OpenNamespace,
  ) {
    this.#program = program
    this.#variant = variant
    this.#toolbox = withNodeLock(toolbox)
    this.#current = current
  }

  differences(): Difference[] {
    return [
      ...this.#program.sets
        .filter(({ name }) => ipSetMembers(name) === undefined)
        .map(({ name }): Difference => ({ where: 'ip set', kind: 'missing', line: name })),
      ...this.#program.chains.flatMap((chain) => this.#chainDifferences(chain)),
    ]
  }

  write(members: readonly ProbeMember[]): void {
    for (const set of this.#program.sets) ensureIpSet(set)
    this.change(missingIn(this.members(), members), [])
    for (const chain of this.#program.chains) {
      if (this.#chainDifferences(chain).length > 0) this.#writeChain(chain)
    }
  }

  members(): ProbeMember[] {
    return this.#program.sets.flatMap(({ name }) =>
      [...(ipSetMembers(name) ?? [])].map(([address, uid]) => ({ address, uid })),
    )
  }

  change(put: readonly ProbeMember[], remove: readonly string[]): void {
    for (const { name, family } of this.#program.sets) {
      changeIpSet(
        name,
        put.filter(({ address }) => hostAddress(address).family === family),
        remove.filter((address) => hostAddress(address).family === family),
      )
    }
  }

  /** Rules of others are neither compared nor counted; where among them the jump is makes no difference. */
  #chainDifferences(chain: HostChain): Difference[] {
    const place = { variant: this.#variant, family: chain.family }
    const where = chain.family === 4 ? 'iptables' : 'ip6tables'
    const has = mayHaveNat(place, this.#toolbox)
    const list = (name: string) =>
      has ? listChain(place, chain.table, name, this.#toolbox.xtables) : undefined
    const lines = (name: string, rules: readonly string[] | undefined) =>
      (rules ?? []).map((rule) => `-A ${name} ${rule}`)
    const listed = list(chain.name)
    const jumps = list(chain.from)?.filter((rule) => rule === jumpTo(chain.name))
    return [
      ...differences(where, lines(chain.from, [jumpTo(chain.name)]), lines(chain.from, jumps)),
      ...differences(where, lines(chain.name, this.#spelled(chain, listed)), lines(chain.name, listed)),
    ]
  }

  /** The rules as this version of iptables lists them; looked up only when they are not listed as written. */
  #spelled(chain: HostChain, listed: readonly string[] | undefined): readonly string[] {
    if (listed === undefined || listed.join('\n') === chain.rules.join('\n')) return chain.rules
    const key = JSON.stringify([this.#variant, chain])
    const known = learned.get(key)
    if (known) return known
    const place = { variant: this.#variant, family: chain.family }
    const { deadline } = this.#toolbox.xtables
    const spelled = insideScratchNamespace(this.#current, () => {
      for (const set of this.#program.sets) ensureIpSet(set)
      const filled = chain.rules.map((rule) => `-A ${chain.name} ${rule}`)
      restoreInto(place, restoreText(chain.table, [`:${chain.name} - [0:0]`, ...filled]), { deadline })
      return listChain(place, chain.table, chain.name, { deadline }) ?? chain.rules
    })
    if (learned.size >= mostLearned) learned.clear()
    learned.set(key, spelled)
    return spelled
  }

  /** One transaction: our chain is filled anew, and of the jumps to it exactly one is left. */
  #writeChain({ family, table, name, from, rules }: HostChain): void {
    const place = { variant: this.#variant, family }
    const { xtables } = this.#toolbox
    const isEntered = mayHaveNat(place, this.#toolbox)
    const jumps = (isEntered ? listChain(place, table, from, xtables) : undefined)?.filter(
      (rule) => rule === jumpTo(name),
    )
    const excess = (jumps ?? []).slice(1).map(() => `-D ${from} ${jumpTo(name)}`)
    const entrance = jumps === undefined || jumps.length === 0 ? [`-I ${from} 1 ${jumpTo(name)}`] : []
    const filled = rules.map((rule) => `-A ${name} ${rule}`)
    restoreInto(place, restoreText(table, [`:${name} - [0:0]`, ...excess, ...entrance, ...filled]), xtables)
  }
}

/** What is there of rules that another variant or back-end wrote. */
export function leftoverIptables(
  toolbox: Toolbox,
  kept: XtablesVariant | undefined,
  families: readonly IpFamily[],
): Difference[] {
  return placesWithOurs(withNodeLock(toolbox))
    .filter(({ variant, family }) => variant !== kept || !families.includes(family))
    .map(({ variant, family }) => ({
      where: family === 4 ? 'iptables' : 'ip6tables',
      kind: 'unexpected',
      line: `:${hostChain} (${variant})`,
    }))
}

/** Takes our chain and every jump to it out of all rule sets but those that are kept; the sets go with the last. */
export function removeHostIptables(
  toolbox: Toolbox,
  kept: XtablesVariant | undefined,
  families: readonly IpFamily[],
): void {
  const locked = withNodeLock(toolbox)
  for (const place of placesWithOurs(locked)) {
    if (place.variant === kept && families.includes(place.family)) continue
    const jumps = listChain(place, 'nat', 'POSTROUTING', locked.xtables)?.filter(
      (rule) => rule === jumpTo(hostChain),
    )
    const deletions = (jumps ?? []).map(() => `-D POSTROUTING ${jumpTo(hostChain)}`)
    restoreInto(
      place,
      restoreText('nat', [...deletions, `-F ${hostChain}`, `-X ${hostChain}`]),
      locked.xtables,
    )
  }
  for (const family of [4, 6] as const) {
    if (kept === undefined || !families.includes(family)) destroyIpSet(probeSet(family).name)
  }
}

function placesWithOurs(toolbox: Toolbox): XtablesPlace[] {
  return (['nft', 'legacy'] as const)
    .flatMap((variant) => ([4, 6] as const).map((family) => ({ variant, family })))
    .filter((place) => mayHaveNat(place, toolbox) && hasOurChain(place, toolbox))
}

/** nft answers without a process whether iptables-nft has the chain. */
function hasOurChain(place: XtablesPlace, { nftables, xtables }: Toolbox): boolean {
  if (place.variant === 'nft' && nftables) {
    return nftables
      .run(`list chains ${place.family === 4 ? 'ip' : 'ip6'}`)
      .split('\n')
      .some((line) => line.trim() === `chain ${hostChain} {`)
  }
  return listChain(place, 'nat', hostChain, xtables) !== undefined
}

function mayHaveNat({ variant, family }: XtablesPlace, { nftables }: Toolbox): boolean {
  if (variant === 'legacy') return legacyTables(family).includes('nat')
  return nftables === undefined || nftables.tables().includes(nftNameOf(family, 'nat'))
}

/** Members that are not there with this owner. */
export function missingIn(present: readonly ProbeMember[], wanted: readonly ProbeMember[]): ProbeMember[] {
  const owners = new Map(present.map(({ address, uid }) => [address, uid]))
  return wanted.filter(({ address, uid }) => owners.get(hostAddress(address).text) !== uid)
}

const jumpTo = (chain: string): string => `-j ${chain}`

const restoreText = (table: string, lines: readonly string[]): string =>
  [`*${table}`, ...lines, 'COMMIT', ''].join('\n')

/** The node's own tools write whole tables too: without their lock one writer undoes what the other did. */
function withNodeLock(toolbox: Toolbox): Toolbox {
  const lockFile = '/run/xtables.lock'
  return existsSync(lockFile) ? { ...toolbox, xtables: { ...toolbox.xtables, lockFile } } : toolbox
}
