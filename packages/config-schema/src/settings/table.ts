import { ambient } from './ambient.ts'
import { kubernetes } from './kubernetes.ts'
import { nodeFiles } from './node-files.ts'
import { observability } from './observability.ts'
import { redirection } from './redirection.ts'
import { repair } from './repair.ts'
import type { Declaration, Setting } from './setting.ts'

/** The chapters of the reference, in its order. */
export const settingGroups = [
  { title: 'Files on the node', settings: nodeFiles },
  { title: 'Kubernetes', settings: kubernetes },
  { title: 'Logs, health and metrics', settings: observability },
  { title: 'Rules', settings: redirection },
  { title: 'Ambient mode', settings: ambient },
  { title: 'Repair', settings: repair },
] as const

type Row = (typeof settingGroups)[number]['settings'][number]
type Value<Of> = Of extends Declaration<infer Parsed> ? Parsed : never

/** Every setting with its parsed value. */
export type Settings = { readonly [Of in Row as Of['name']]: Value<Of> }

export type SettingName = keyof Settings

/** A row whose value's type is not known statically. */
export type AnySetting = Omit<Setting<string, unknown>, 'name'> & { readonly name: SettingName }

/** The one table of settings. */
export const settings: readonly AnySetting[] = settingGroups.flatMap((group) => [...group.settings])

/** Every setting's default, before environment and flags. */
export function defaultSettings(): Settings {
  return Object.fromEntries(settings.map((row) => [row.name, row.default])) as Settings
}
