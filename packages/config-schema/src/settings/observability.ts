import { boolean } from '../kinds/boolean.ts'
import { listenPort } from '../kinds/number.ts'
import { oneOf } from '../kinds/one-of.ts'
import { absolutePath } from '../kinds/path.ts'
import { type ScopedLevels, scopedLevels } from '../kinds/scoped-levels.ts'
import { LOG_LEVELS } from '../levels.ts'
import { setting } from './setting.ts'

const unscoped: ScopedLevels = {}

/** Logs, health and metrics. */
export const observability = [
  setting('LOG_LEVEL', {
    kind: oneOf(...LOG_LEVELS),
    default: 'info',
    since: 'guide',
    netconfKey: 'plugin_log_level',
    description: 'How much the agent and the plugin log.',
  }),
  setting('LOG_OUTPUT_LEVEL', {
    kind: scopedLevels,
    default: unscoped,
    since: 'original',
    helmPath: 'logging.level',
    configMap: 'never',
    description:
      'Levels per scope: `cni-agent`, `cni-plugin`, `default` (also without a scope) and `all`. `all` beats the own scope, which beats `default`, which beats `LOG_LEVEL`; a `default` of `info` gives way to `LOG_LEVEL`, since the chart always passes it.',
  }),
  setting('LOG_AS_JSON', {
    kind: boolean,
    default: false,
    since: 'original',
    helmPath: 'global.logAsJson',
    configMap: 'never',
    description: 'Log lines as JSON objects instead of text.',
  }),
  setting('PLUGIN_LOG_FILE', {
    kind: absolutePath,
    default: '',
    since: 'ours',
    netconfKey: 'plugin_log_file',
    helmPath: 'pluginLogFile',
    description:
      "File on the node for the plugin's own log, rotated; empty: none, the plugin logs through the agent.",
  }),
  setting('HEALTH_PORT', {
    kind: listenPort,
    default: 8000,
    since: 'ours',
    helmPath: 'healthPort',
    description: 'Port of `/healthz` and `/readyz`; 0: any free one.',
  }),
  setting('MONITORING_PORT', {
    kind: listenPort,
    default: 15014,
    since: 'original',
    helmPath: 'monitoringPort',
    configMap: 'changed',
    description: 'Port of `/metrics`; 0: any free one.',
  }),
] as const
