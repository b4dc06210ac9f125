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
      'Levels, also per scope: `cni-agent`, `cni-plugin`, `default`, `all`. Empty: `global.logging.level`.',
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
  podMonitor: section('A PodMonitor for the Prometheus operator.', {
    enabled: value(flag, false, 'Create it.', { since: 'ours' }),
    interval: value(interval, '15s', 'How often metrics are read.', { since: 'ours' }),
    labels: value(labels, {}, 'Labels by which a Prometheus finds it.', { since: 'ours' }),
  }),
  test: section('A pod for `helm test`, which asks a node whether it is ready.', {
    enabled: value(flag, true, 'Make it part of the chart.', { since: 'ours' }),
  }),
}
