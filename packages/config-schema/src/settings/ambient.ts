import { HOST_PROBE_ADDRESS, ZTUNNEL_SOCKET } from '../contract.ts'
import { ipv4Address, ipv6Address } from '../kinds/address.ts'
import { boolean } from '../kinds/boolean.ts'
import { absolutePath } from '../kinds/path.ts'
import { enablementSelectors } from '../kinds/selectors.ts'
import { DEFAULT_ENABLEMENT_SELECTORS } from '../selector.ts'
import { setting } from './setting.ts'

/** Ambient mode. */
export const ambient = [
  setting('AMBIENT_ENABLED', {
    kind: boolean,
    default: false,
    since: 'guide',
    netconfKey: 'ambient_enabled',
    helmPath: 'ambient.enabled',
    description: 'Ambient mesh support: redirect selected pods to ztunnel.',
  }),
  setting('AMBIENT_ENABLEMENT_SELECTOR', {
    kind: enablementSelectors,
    default: DEFAULT_ENABLEMENT_SELECTORS,
    since: 'original',
    netconfKey: 'enablement_selectors',
    helmPath: 'ambient.enablementSelectors',
    description:
      'Which pods take part in the ambient mesh: those that any of the selectors selects by its pod and its namespace half.',
  }),
  setting('AMBIENT_DNS_CAPTURE', {
    kind: boolean,
    default: true,
    since: 'original',
    helmPath: 'ambient.dnsCapture',
    description: "Redirect the pods' DNS queries to ztunnel too.",
  }),
  setting('AMBIENT_IPV6', {
    kind: boolean,
    default: true,
    since: 'original',
    helmPath: 'ambient.ipv6',
    description: 'Redirect IPv6 traffic too.',
  }),
  setting('AMBIENT_RECONCILE_POD_RULES_ON_STARTUP', {
    kind: boolean,
    default: true,
    since: 'original',
    helmPath: 'ambient.reconcileIptablesOnStartup',
    description: 'Bring the rules of running pods up to date when the agent starts.',
  }),
  setting('ENABLE_AMBIENT_DETECTION_RETRY', {
    kind: boolean,
    default: false,
    since: 'original',
    netconfKey: 'enable_ambient_detection_retry',
    helmPath: 'ambient.enableAmbientDetectionRetry',
    description:
      "Written for the original's plugin, which otherwise lets a pod pass when it cannot tell its mode. Ours never does.",
  }),
  setting('ZTUNNEL_UDS_ADDRESS', {
    kind: absolutePath,
    default: ZTUNNEL_SOCKET,
    since: 'original',
    description: 'Socket that ztunnel connects to.',
  }),
  setting('AMBIENT_READY_NEEDS_ZTUNNEL', {
    kind: boolean,
    default: false,
    since: 'ours',
    helmPath: 'ambient.readyNeedsZtunnel',
    description:
      'The agent is ready only while a ztunnel is connected to it, which keeps a node from counting as ready before its pods can start.',
  }),
  setting('HOST_PROBE_SNAT_IP', {
    kind: ipv4Address,
    default: HOST_PROBE_ADDRESS.ipv4,
    since: 'original',
    helmPath: 'ambient.probeAddress.ipv4',
    configMap: 'changed',
    description: "Source address that the kubelet's probes get, so that pods can tell them.",
  }),
  setting('HOST_PROBE_SNAT_IPV6', {
    kind: ipv6Address,
    default: HOST_PROBE_ADDRESS.ipv6,
    since: 'original',
    helmPath: 'ambient.probeAddress.ipv6',
    configMap: 'changed',
    description: 'The same for IPv6.',
  }),
  setting('AMBIENT_ENABLE_AWS_BRANCH_ENI_PROBE', {
    kind: boolean,
    default: true,
    since: 'original',
    description: 'Route the probes of pods that have an AWS branch interface through their own interface.',
  }),
] as const
