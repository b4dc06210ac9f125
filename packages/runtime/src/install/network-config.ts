import { messageOf } from '../errors.ts'
import { pluginsOf } from './conflist.ts'
import { isDocument, type Json, type JsonDocument, parseJson } from './json.ts'

/** What libcni makes of a file: a list, a single configuration, or nothing that it would load. */
export type NetworkConfig =
  | { kind: 'list' | 'single'; document: JsonDocument }
  | { kind: 'unusable'; reason: string; document?: JsonDocument }

/** Longer files are no network configuration; the bound keeps a hostile one out of memory. */
export const longestConfig = 1024 * 1024

/**
 * Reads `text` as libcni (conf.go, `NetworkConfFromBytes`, `ConfFromBytes`) would read a file of this name:
 * `.conflist` is a list, any other extension a single configuration.
 */
export function readNetworkConfig(name: string, text: string): NetworkConfig {
  return judge(text, () => (name.endsWith('.conflist') ? 'list' : 'single'))
}

/** As `readNetworkConfig`, but a file that the operator named is judged by its content, whatever its extension. */
export function readNamedConfig(name: string, text: string): NetworkConfig {
  return judge(text, (document) => {
    if (name.endsWith('.conflist') && 'plugins' in document) return 'list'
    return 'type' in document ? 'single' : 'list'
  })
}

function judge(text: string, kindOf: (document: JsonDocument) => 'list' | 'single'): NetworkConfig {
  if (text.trim() === '') return { kind: 'unusable', reason: 'the file is empty' }
  let document: Json
  try {
    document = parseJson(text)
  } catch (error) {
    return { kind: 'unusable', reason: `not valid JSON (${inOneLine(messageOf(error))})` }
  }
  if (!isDocument(document)) return { kind: 'unusable', reason: 'not a JSON object' }
  const kind = kindOf(document)
  const reason = kind === 'list' ? whyNoList(document) : whyNoSingle(document)
  return reason === undefined ? { kind, document } : { kind: 'unusable', reason, document }
}

/** The engine quotes the text that it cannot parse. */
function inOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, ' ')
}

function whyNoList(list: JsonDocument): string | undefined {
  if (typeof list.name !== 'string') return 'the list has no "name"'
  if (list.cniVersion !== undefined && typeof list.cniVersion !== 'string') return '"cniVersion" is no string'
  for (const key of ['disableCheck', 'disableGC', 'loadOnlyInlinedPlugins']) {
    if (!isFlag(list[key])) return `"${key}" is neither true nor false`
  }
  if (!Array.isArray(list.plugins) || list.plugins.length === 0) return 'the list has no "plugins"'
  for (const [at, plugin] of pluginsOf(list).entries()) {
    if (!isDocument(plugin)) return `plugin ${at} of the list is no object`
    if (!isType(plugin.type)) return `plugin ${at} of the list has no "type"`
    const reason = wrongKey(plugin)
    if (reason !== undefined) return `plugin ${at} of the list: ${reason}`
  }
  return undefined
}

function whyNoSingle(single: JsonDocument): string | undefined {
  if (!isType(single.type)) {
    return Array.isArray(single.plugins)
      ? 'it has no "type"; a list belongs into a file named .conflist'
      : 'it has no "type"'
  }
  return wrongKey(single)
}

/** What libcni decodes into fields of its own (pkg/types `PluginConf`); null is the same as nothing there. */
function wrongKey(plugin: JsonDocument): string | undefined {
  for (const key of ['name', 'cniVersion']) {
    const value = plugin[key] ?? ''
    if (typeof value !== 'string') return `"${key}" is no string`
  }
  for (const key of ['ipam', 'dns', 'capabilities']) {
    if (!isDocument(plugin[key] ?? {})) return `"${key}" is no object`
  }
  const { type = '' } = (plugin.ipam ?? {}) as JsonDocument
  if (type !== null && typeof type !== 'string') return '"ipam.type" is no string'
  const capabilities = Object.values((plugin.capabilities ?? {}) as JsonDocument)
  return capabilities.every((value) => value === null || typeof value === 'boolean')
    ? undefined
    : '"capabilities" are not all true or false'
}

function isType(value: Json | undefined): boolean {
  return typeof value === 'string' && value !== ''
}

function isFlag(value: Json | undefined): boolean {
  if (value === undefined || typeof value === 'boolean') return true
  return typeof value === 'string' && /^(true|false)$/i.test(value)
}
