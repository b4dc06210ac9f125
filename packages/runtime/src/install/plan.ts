import { planChained } from './plan-chained.ts'
import { planOwned } from './plan-owned.ts'
import { planStandalone } from './plan-standalone.ts'
import type { Plan, Wanted } from './wanted.ts'

/** What to do so that the directory configures our plugin as the settings say. No steps: it already does. */
export function planOf(wanted: Wanted): Plan {
  if (!wanted.settings.chainedCniPlugin) return planStandalone(wanted)
  // In a list the version is the list's.
  const { cniVersion: _, ...entry } = wanted.entry
  const chained = { ...wanted, entry }
  return wanted.settings.istioOwnedCniConfig ? planOwned(chained) : planChained(chained)
}
