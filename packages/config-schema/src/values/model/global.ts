import { defaultSettings } from '../../settings/table.ts'
import { pullSecrets, resources } from './kubernetes.ts'
import { section, value } from './row.ts'
import { flag, imageTag, imageVariant, logLevels, oneOf, registry } from './scalars.ts'

const agent = defaultSettings()

/** Values that Istio's charts share. */
export const global = section("Values that all of Istio's charts share.", {
  hub: value(registry, '', 'Registry and path of the image, unless `hub` is given.'),
  tag: value(imageTag, '', 'Tag of the image, unless `tag` is given.'),
  variant: value(imageVariant, '', 'Variant of the image, unless `variant` is given.'),
  imagePullPolicy: value(
    oneOf('', 'Always', 'IfNotPresent', 'Never'),
    '',
    'When the image is pulled, unless `pullPolicy` is given.',
  ),
  imagePullSecrets: value(pullSecrets, [], 'Secrets for pulling the image, in the same namespace.'),
  logging: section('Logs.', {
    level: value(logLevels, agent.logLevel, 'Log levels, unless `logging.level` is given.'),
  }),
  logAsJson: value(flag, agent.logAsJson, 'Log lines as JSON objects instead of text.'),
  nativeNftables: value(flag, agent.nativeNftables, 'Program nftables directly instead of through iptables.'),
  networkPolicy: section('Network policies.', {
    enabled: value(flag, false, 'Create a NetworkPolicy that admits probes and metrics.'),
  }),
  defaultResources: value(
    resources,
    { requests: { cpu: '100m', memory: '100Mi' } },
    'Requests and limits where `resources` is empty.',
  ),
  resourceScope: value(
    oneOf('all', 'cluster', 'namespace'),
    'all',
    'Which objects are made: all of them, those of the cluster, or those of the namespace.',
  ),
})
