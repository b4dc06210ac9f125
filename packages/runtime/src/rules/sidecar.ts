import { PASSTHROUGH_SOURCE } from '@istio-install-cni/config-schema'
import type { SidecarRedirection } from '../mesh/redirection.ts'
import { programmedFamilies } from './families.ts'
import { mangleChains } from './mangle.ts'
import type { RuleSet } from './model.ts'
import { natChains } from './nat.ts'
import { tproxyRoute } from './policy-routes.ts'
import { capturedPorts } from './ports.ts'
import { rawChains } from './raw.ts'

/**
 * What has to be in the pod's network namespace.
 *
 * @param addresses of the pod's interfaces, with or without prefix length
 * @throws NoAddressError when none of them tells an IP family
 */
export function sidecarRules(redirection: SidecarRedirection, addresses: readonly string[]): RuleSet {
  const families = programmedFamilies(addresses, redirection.dualStack)
  const isTproxy = redirection.mode === 'TPROXY' && capturedPorts(redirection.inbound) !== undefined
  return {
    mode: 'sidecar',
    families,
    chains: [
      ...natChains(redirection),
      ...mangleChains(redirection, families),
      ...rawChains(redirection),
    ].filter(({ rows }) => rows.length > 0),
    system: {
      policyRoutes: isTproxy ? families.map(tproxyRoute) : [],
      // All of 127.0.0.0/8 is on lo already; of IPv6 only ::1 is.
      loopbackAddresses: families.includes(6) ? [`${PASSTHROUGH_SOURCE.ipv6}/128`] : [],
    },
  }
}
