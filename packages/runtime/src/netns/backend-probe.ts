/** Tries every back-end in empty namespaces of the calling thread; `home` is where it belongs. */
import { type BackendFindings, type Feature, features, type Lack } from './backends.ts'
import type { Deadline } from './deadline.ts'
import { NetnsError } from './errors.ts'
import { insideScratchNamespace, type OpenNamespace } from './namespace.ts'
import type { Nftables } from './nftables.ts'
import { legacyTables } from './rule-sets.ts'
import { type IpFamily, restoreInto, save, type XtablesVariant } from './xtables.ts'

export function probeBackends(
  loadNftables: () => Nftables,
  deadline: Deadline,
  home: OpenNamespace,
): BackendFindings {
  const variant = (name: XtablesVariant) => ({
    ipv4: probeXtables(name, 4, deadline, home),
    ipv6: probeXtables(name, 6, deadline, home),
  })
  return {
    nft: probeNft(loadNftables, home),
    iptables: { nft: variant('nft'), legacy: variant('legacy') },
    nodeRules: { nft: hasNftRules(loadNftables), legacy: hasLegacyRules(deadline) },
  }
}

function probeNft(loadNftables: () => Nftables, home: OpenNamespace): Lack[] {
  return insideScratchNamespace(home, () =>
    lacking(features, (feature) => {
      const nftables = loadNftables()
      nftables.run(feature.nft)
      nftables.run('flush ruleset')
    }),
  )
}

function probeXtables(
  variant: XtablesVariant,
  family: IpFamily,
  deadline: Deadline,
  home: OpenNamespace,
): Lack[] {
  const place = { variant, family }
  const all = features.map((feature) => feature.iptables).join('')
  return insideScratchNamespace(home, () => {
    // One process when everything works, one for each feature only to tell what does not.
    const whole = lacking([{ name: '', required: true, nft: '', iptables: all }], (feature) =>
      restoreInto(place, feature.iptables, { deadline }),
    )
    if (whole.length === 0) return []
    return lacking(features, (feature) => restoreInto(place, feature.iptables, { deadline }))
  })
}

function lacking(tried: readonly Feature[], attempt: (feature: Feature) => void): Lack[] {
  return tried.flatMap((feature) => {
    try {
      attempt(feature)
      return []
    } catch (error) {
      if (!(error instanceof NetnsError) || error.code === 'deadline') throw error
      return [{ feature: feature.name, required: feature.required, why: error.message.replace(/\s+/g, ' ') }]
    }
  })
}

function hasNftRules(loadNftables: () => Nftables): boolean {
  try {
    return loadNftables()
      .tables()
      .some((table) => /^ip6? (?:nat|mangle|raw|filter)$/.test(table))
  } catch {
    return false
  }
}

function hasLegacyRules(deadline: Deadline): boolean {
  try {
    return ([4, 6] as const).some(
      (family) =>
        legacyTables(family).length > 0 &&
        save({ variant: 'legacy', family }, { deadline }).some(({ rules }) => rules.length > 0),
    )
  } catch {
    return false
  }
}
