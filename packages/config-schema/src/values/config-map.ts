import type { ConfigMapRule } from '../settings/setting.ts'
import { type AnySetting, settings } from '../settings/table.ts'

/** One key of the ConfigMap by which the chart configures the agent. */
export interface ConfigMapEntry {
  /** The variable, which is the key. */
  readonly env: string
  /** Path of the value. */
  readonly path: string
  readonly when: Exclude<ConfigMapRule, 'never'>
  /** `list`: joined by commas. `yaml`: the value as YAML text. `version`: the tag that the image has. */
  readonly as: 'text' | 'list' | 'yaml' | 'version'
}

/** The keys of the chart's ConfigMap, in the order of the table of settings. */
export function configMapEntries(): ConfigMapEntry[] {
  return settings.flatMap((row) => {
    const path = row.helmPath
    // The chart always writes what the original's or the guide's has, and of ours only what somebody changed.
    const when = row.configMap ?? (row.since === 'ours' ? 'changed' : 'always')
    return path === undefined || when === 'never'
      ? []
      : [{ env: row.env, path, when, as: notation(row, path) }]
  })
}

function notation({ kind }: AnySetting, path: string): ConfigMapEntry['as'] {
  if (path === 'tag') return 'version'
  if (kind.type === 'YAML') return 'yaml'
  return kind.type.startsWith('list of') ? 'list' : 'text'
}
