// Hand-written checks instead of a schema library: the plugin parses this within a budget of 3 ms in QuickJS.
import { AGENT_RUN_DIR, CNI_VERSION_WHEN_ABSENT, NODE_KUBECONFIG, PLUGIN_NAME } from './contract.ts'
import { isObject, type JsonObject } from './json.ts'
import { LOG_LEVELS, type LogLevel } from './levels.ts'
import { type EnablementSelector, parseSelectors, SelectorError } from './selector.ts'
import { shown } from './shown.ts'

/** The plugin's configuration: the CNI spec's keys that we read, and ours. */
export interface PluginConfig {
  readonly cniVersion: string
  readonly name: string
  readonly type: string
  readonly logLevel: LogLevel
  /** Absolute path. */
  readonly agentRunDir: string
  readonly ambientEnabled: boolean
  readonly enablementSelectors: readonly EnablementSelector[]
  readonly excludeNamespaces: readonly string[]
  /** Namespace of the agent's own pods; empty when the configuration names none. */
  readonly podNamespace: string
  readonly nativeNftables: boolean
  readonly enableAmbientDetectionRetry: boolean
  /** Absolute path on the node; undefined when the node holds no credentials. */
  readonly kubeconfig: string | undefined
  /** Absolute path on the node; undefined for no log file. */
  readonly pluginLogFile: string | undefined
  readonly prevResult?: JsonObject
  readonly runtimeConfig?: JsonObject
}

/** The plugin's configuration cannot be used (CNI error 7). */
export class NetConfError extends Error {
  override readonly name = 'NetConfError'
  readonly code = 'NET_CONF_INVALID'
  /** Key of the configuration, with the place inside of it: `enablement_selectors[0].podSelector`. */
  readonly key: string
  readonly value: unknown
  readonly expectation: string

  constructor(key: string, value: unknown, expectation: string, options?: { readonly cause?: unknown }) {
    super(`${key}: expected ${expectation}, got ${shown(value)}`, options)
    this.key = key
    this.value = value
    this.expectation = expectation
  }
}

/**
 * Reads what a runtime gives the plugin on stdin. Unknown keys are left out; absent keys, null and empty texts
 * mean the default, as with the original's plugin.
 * @throws {NetConfError} naming key, value and expectation.
 */
export function parsePluginConfig(given: unknown): PluginConfig {
  if (!isObject(given)) throw new NetConfError('configuration', given, 'a JSON object')
  const prevResult = object(given, 'prevResult')
  const runtimeConfig = object(given, 'runtimeConfig')
  return {
    cniVersion: string(given, 'cniVersion') || CNI_VERSION_WHEN_ABSENT,
    name: networkName(given),
    type: string(given, 'type') || PLUGIN_NAME,
    logLevel: logLevel(given),
    agentRunDir: path(given, 'cni_agent_run_dir') ?? AGENT_RUN_DIR,
    ambientEnabled: boolean(given, 'ambient_enabled'),
    enablementSelectors: selectors(given),
    excludeNamespaces: strings(given, 'exclude_namespaces'),
    podNamespace: string(given, 'pod_namespace'),
    nativeNftables: boolean(given, 'native_nftables'),
    enableAmbientDetectionRetry: boolean(given, 'enable_ambient_detection_retry'),
    // Unlike elsewhere an empty text differs from an absent key: it says that there is none.
    kubeconfig: isAbsent(given.kubeconfig) ? NODE_KUBECONFIG : path(given, 'kubeconfig'),
    pluginLogFile: path(given, 'plugin_log_file'),
    ...(prevResult && { prevResult }),
    ...(runtimeConfig && { runtimeConfig }),
  }
}

type Keys = Readonly<Record<string, unknown>>

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

function string(keys: Keys, key: string): string {
  const value = keys[key]
  if (isAbsent(value)) return ''
  if (typeof value !== 'string') throw new NetConfError(key, value, 'a text')
  return value
}

function boolean(keys: Keys, key: string): boolean {
  const value = keys[key]
  if (isAbsent(value)) return false
  if (typeof value !== 'boolean') throw new NetConfError(key, value, 'true or false')
  return value
}

function strings(keys: Keys, key: string): readonly string[] {
  const value = keys[key]
  if (isAbsent(value)) return []
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string')
  if (!isList) throw new NetConfError(key, value, 'a list of texts')
  return value
}

function object(keys: Keys, key: string): JsonObject | undefined {
  const value = keys[key]
  if (isAbsent(value)) return undefined
  if (!isObject(value)) throw new NetConfError(key, value, 'an object')
  return value as JsonObject
}

function path(keys: Keys, key: string): string | undefined {
  const value = string(keys, key)
  if (value === '') return undefined
  const isAbsolute = value.startsWith('/') && !value.includes('\0') && !value.split('/').includes('..')
  if (!isAbsolute) throw new NetConfError(key, value, 'an absolute path without ".."')
  return value
}

/** The CNI spec's rule for names of networks. */
function networkName(keys: Keys): string {
  const name = string(keys, 'name')
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return name
  throw new NetConfError('name', keys.name, "a network's name: letters, digits and inner _.-")
}

function logLevel(keys: Keys): LogLevel {
  const word = string(keys, 'plugin_log_level') || 'info'
  const level = LOG_LEVELS.find((candidate) => candidate === word)
  if (level === undefined) throw new NetConfError('plugin_log_level', word, `one of ${LOG_LEVELS.join(', ')}`)
  return level
}

function selectors(keys: Keys): readonly EnablementSelector[] {
  const key = 'enablement_selectors'
  if (isAbsent(keys[key])) return []
  try {
    return parseSelectors(keys[key])
  } catch (cause) {
    if (!(cause instanceof SelectorError)) throw cause
    throw new NetConfError(`${key}${cause.path}`, cause.value, cause.expectation, { cause })
  }
}
