import { defaultSettings } from '../../settings/table.ts'
import { labels } from './kubernetes.ts'
import { section, value } from './row.ts'
import { flag, interval, logLevels, optionalPath, port } from './scalars.ts'

const agent = defaultSettings()

/** Logs, health, metrics. */
export const observability = {
  logging: section('Logs.', {
    level: value(
      logLevels,
      '',
      'Log levels, also per scope: `cni-agent`, `cni-plugin`, `default`, `all`. Empty: `global.logging.level`.',
    ),
  }),
  pluginLogFile: value(
    optionalPath,
    agent.pluginLogFile,
    "File on the node for the plugin's own log, rotated. Empty: none, the plugin logs through the agent.",
    { since: 'ours' },
  ),
  healthPort: value(port, agent.healthPort, 'Port of `/healthz` and `/readyz`.', { since: 'ours' }),
  monitoringPort: value(port, agent.monitoringPort, 'Port of `/metrics`.', { since: 'ours' }),
  podMonitor: section('The Prometheus operator.', {
    enabled: value(flag, false, 'Create a PodMonitor, for the Prometheus operator.', { since: 'ours' }),
    interval: value(interval, '15s', 'How often Prometheus reads the metrics.', { since: 'ours' }),
    labels: value(labels, {}, 'Labels of the PodMonitor, by which a Prometheus finds it.', { since: 'ours' }),
  }),
  test: section('The test of a release.', {
    enabled: value(flag, true, 'Have a pod for `helm test`, which asks a node whether it is ready.', {
      since: 'ours',
    }),
  }),
}
