import type { LogLevel } from './levels.ts'
import type { Settings } from './settings/table.ts'

type LevelSettings = Pick<Settings, 'logLevel' | 'logOutputLevel'>

/**
 * The level of each of our two scopes. `--log_output_level` wins over `LOG_LEVEL` by the scope `all`, then by the
 * own scope, then by `default` (a level without scope). A `default` of `info` says nothing, because the original's
 * chart always passes it: there `LOG_LEVEL` decides.
 */
export function effectiveLogLevels(settings: LevelSettings): { agent: LogLevel; plugin: LogLevel } {
  const { all, default: unscoped, ...scopes } = settings.logOutputLevel
  const fallback = unscoped === undefined || unscoped === 'info' ? settings.logLevel : unscoped
  return {
    agent: all ?? scopes['cni-agent'] ?? fallback,
    plugin: all ?? scopes['cni-plugin'] ?? fallback,
  }
}
