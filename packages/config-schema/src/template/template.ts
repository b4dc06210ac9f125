import { PLUGIN_NAME } from '../contract.ts'
import { SettingsError } from '../errors.ts'
import { isObject, type JsonObject } from '../json.ts'
import type { Settings } from '../settings/table.ts'
import { jsonErrorPosition } from './json-position.ts'
import { fillPlaceholders, placeholderProblem } from './placeholders.ts'

/**
 * The keys that CNI_NETWORK_CONFIG sets, placeholders filled in.
 * @throws {SettingsError} when it is not the JSON object of our plugin. The text is never part of the message.
 */
export function templateKeys(settings: Settings): JsonObject {
  const template = settings.cniNetworkConfig
  if (template.trim() === '') return {}
  const problem = placeholderProblem(template)
  if (problem !== undefined) throw new SettingsError([{ setting: 'CNI_NETWORK_CONFIG', ...problem }])
  const keys = parseJson(fillPlaceholders(template, settings))
  if (!isObject(keys)) throw unusable('a JSON object')
  if (keys.plugins !== undefined)
    throw unusable("one plugin's configuration, not a list with the key plugins")
  if (keys.type !== undefined && keys.type !== PLUGIN_NAME) throw unusable(`"type": "${PLUGIN_NAME}"`)
  return { ...earlierKeys(keys), ...keys } as JsonObject
}

/** Names of earlier releases of the original, in whose templates they still stand. */
function earlierKeys(keys: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const nested = isObject(keys.kubernetes) ? keys.kubernetes : {}
  const renamed = {
    plugin_log_level: keys.log_level,
    kubeconfig: nested.kubeconfig,
    exclude_namespaces: nested.exclude_namespaces,
  }
  return Object.fromEntries(Object.entries(renamed).filter(([, value]) => value !== undefined))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unusable(`a JSON object; it stops being JSON at ${jsonErrorPosition(text)}`)
  }
}

function unusable(expectation: string): SettingsError {
  return new SettingsError([{ setting: 'CNI_NETWORK_CONFIG', expectation }])
}
