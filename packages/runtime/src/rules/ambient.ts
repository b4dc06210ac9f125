import type { AmbientRedirection } from '../mesh/ambient-redirection.ts'
import { ambientMarkChains } from './ambient-marks.ts'
import { ambientNatChains } from './ambient-nat.ts'
import type { Family, RuleSet } from './model.ts'
import { ambientRoute } from './policy-routes.ts'

/** What has to be in the network namespace of a pod in the ambient mesh. ztunnel listens in there. */
export function ambientRules(redirection: AmbientRedirection): RuleSet {
  const families: readonly Family[] = redirection.ipv6 ? [4, 6] : [4]
  return {
    mode: 'ambient',
    families,
    chains: [...ambientNatChains(redirection), ...ambientMarkChains(redirection)],
    system: { policyRoutes: families.map(ambientRoute), loopbackAddresses: [] },
    isIpv6Optional: true,
  }
}
