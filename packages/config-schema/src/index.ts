export * from './contract.ts'
export { type SettingProblem, SettingsError } from './errors.ts'
export { type Command, helpText } from './help.ts'
export type { Json, JsonObject } from './json.ts'
export { LOG_LEVELS, type LogLevel } from './levels.ts'
export { commandOf } from './loading/arguments.ts'
export { type LoadedSettings, type LoadOptions, loadSettings } from './loading/load.ts'
export type { SettingSource } from './loading/resolve.ts'
export { effectiveLogLevels } from './log-levels.ts'
export { nearest } from './nearest.ts'
export { NetConfError, type PluginConfig, parsePluginConfig } from './netconf.ts'
export { kubeconfigPaths, nodeName } from './node-paths.ts'
export { pluginEntry } from './plugin-entry.ts'
export { settingsReference } from './reference.ts'
export {
  DEFAULT_ENABLEMENT_SELECTORS,
  type EnablementSelector,
  type LabelRequirement,
  type LabelSelector,
  parseSelectors,
  SELECTOR_OPERATORS,
  SelectorError,
  type SelectorOperator,
} from './selector.ts'
export type { Setting, Since } from './settings/setting.ts'
export {
  type AnySetting,
  defaultSettings,
  type SettingName,
  type Settings,
  settingGroups,
  settings,
} from './settings/table.ts'
export { type ConfigMapEntry, configMapEntries } from './values/config-map.ts'
export { defaultValues } from './values/defaults.ts'
export { type ValueProblem, ValuesError } from './values/errors.ts'
export { type CompatibilityVersion, compatibilityVersions } from './values/layers/compatibility-versions.ts'
export type { Layer } from './values/layers/layer.ts'
export { type PlatformName, platforms } from './values/layers/platforms.ts'
export { type ProfileName, profiles } from './values/layers/profiles.ts'
export { parseValues } from './values/parse.ts'
export { valuesReference, valuesTables } from './values/reference.ts'
export { resolveValues } from './values/resolve.ts'
export { type ValueRow, valueRows, valueSections } from './values/rows.ts'
export { valuesSchema } from './values/schema.ts'
export type { OwnValuesInput, Values, ValuesInput } from './values/values.ts'
