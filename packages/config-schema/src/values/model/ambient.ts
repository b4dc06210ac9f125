import * as v from 'valibot'
import type { EnablementSelector } from '../../selector.ts'
import { defaultSettings } from '../../settings/table.ts'
import { enablementSelectors } from './kubernetes.ts'
import { section, value } from './row.ts'
import { flag, ipv4Address, ipv6Address } from './scalars.ts'

const agent = defaultSettings()

export const ambient = section('Ambient mode.', {
  enabled: value(flag, agent.ambientEnabled, 'Redirect selected pods to ztunnel.'),
  enablementSelectors: value(
    enablementSelectors,
    agent.ambientEnablementSelector.map(withoutEmptyHalves),
    'Which pods take part: those that any of these selects by its pod half and its namespace half. A half that is missing selects all.',
  ),
  dnsCapture: value(flag, agent.ambientDnsCapture, "Redirect the pods' DNS queries to ztunnel too."),
  ipv6: value(flag, agent.ambientIpv6, 'Redirect IPv6 traffic too.'),
  reconcileIptablesOnStartup: value(
    flag,
    agent.ambientReconcilePodRulesOnStartup,
    'Bring the rules of running pods up to date when the agent starts.',
  ),
  shareHostNetworkNamespace: value(
    flag,
    false,
    "Run the agent in the node's network namespace; only of use with `hostNetwork: false`.",
  ),
  enableAmbientDetectionRetry: value(
    flag,
    agent.enableAmbientDetectionRetry,
    "Written for the original's plugin, which otherwise lets a pod pass when it cannot tell its mode. Ours never does.",
  ),
  readyNeedsZtunnel: value(
    flag,
    agent.ambientReadyNeedsZtunnel,
    'The agent is ready only while a ztunnel is connected to it.',
    { since: 'ours' },
  ),
  probeAddress: section("The kubelet's probes.", {
    ipv4: value(
      ipv4Address,
      agent.hostProbeSnatIp,
      "Source address that the kubelet's probes get over IPv4, so that pods can tell them.",
      { since: 'ours' },
    ),
    ipv6: value(ipv6Address, agent.hostProbeSnatIpv6, 'The same over IPv6.', { since: 'ours' }),
  }),
  configDir: value(v.unknown(), '', "The original's agent has no such setting either.", { effect: 'none' }),
})

/** As the original's chart writes them. */
function withoutEmptyHalves(selector: EnablementSelector): Partial<EnablementSelector> {
  const halves = Object.entries(selector).filter(([, half]) => Object.keys(half).length > 0)
  return Object.fromEntries(halves)
}
