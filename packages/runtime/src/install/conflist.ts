import { CNI_VERSION_WRITTEN, PLUGIN_NAME } from '@istio-install-cni/config-schema'
import { equalJson, isDocument, type Json, type JsonDocument } from './json.ts'

/** Name that the original gives to a list made of a single configuration. */
const convertedName = 'k8s-pod-network'

export function isOurs(plugin: Json | undefined): plugin is JsonDocument {
  return isDocument(plugin) && plugin.type === PLUGIN_NAME
}

export function pluginsOf(list: JsonDocument): Json[] {
  return Array.isArray(list.plugins) ? list.plugins : []
}

/** Does any part of this configuration, list or single, run our plugin? */
export function namesUs(document: JsonDocument): boolean {
  return isOurs(document) || pluginsOf(document).some(isOurs)
}

/** A configuration of ours alone: nobody else's plugin is lost with it. */
export function runsOnlyUs(document: JsonDocument): boolean {
  const plugins = pluginsOf(document)
  return isOurs(document) || (plugins.length > 0 && plugins.every(isOurs))
}

/** Our entry is there once, last, and equal to `entry`. */
export function isInserted(list: JsonDocument, entry: JsonDocument): boolean {
  const plugins = pluginsOf(list)
  const last = plugins.at(-1)
  return isOurs(last) && plugins.filter(isOurs).length === 1 && equalJson(last, entry)
}

/** The list with `entry` as its last plugin and no other copy of ours; everything else as it was. */
export function insertEntry(list: JsonDocument, entry: JsonDocument): JsonDocument {
  return { ...list, plugins: [...pluginsOf(removeEntry(list)), entry] }
}

/** The list without any copy of ours; the same object if there was none. */
export function removeEntry(list: JsonDocument): JsonDocument {
  if (!pluginsOf(list).some(isOurs)) return list
  return { ...list, plugins: pluginsOf(list).filter((plugin) => !isOurs(plugin)) }
}

/**
 * A single configuration (`.conf`, `.json`) as a list of one plugin, named as the original names it.
 * The configuration's version stays if lists exist in it (0.3.0 and later).
 */
export function listFromSingle(single: JsonDocument): JsonDocument {
  const { cniVersion, ...plugin } = single
  const keeps = typeof cniVersion === 'string' && /^(0\.[3-9]|[1-9])/.test(cniVersion)
  return { name: convertedName, cniVersion: keeps ? cniVersion : CNI_VERSION_WRITTEN, plugins: [plugin] }
}

/** May `list` be what an earlier conversion of `single` has left, with or without our entry? */
export function isConversionOf(list: JsonDocument, single: JsonDocument): boolean {
  const plugins = pluginsOf(removeEntry(list))
  const [plugin] = plugins
  return (
    list.name === convertedName && plugins.length === 1 && isDocument(plugin) && plugin.type === single.type
  )
}
