import { CNI_ERROR, CNI_VERSIONS, PLUGIN_NAME, type PluginConfig } from '@istio-install-cni/config-schema'
import { add } from './add.ts'
import type { Call } from './call.ts'
import { check } from './check.ts'
import { type Configuration, pluginConfigOf, readConfiguration } from './configuration.ts'
import { del } from './del.ts'
import { environmentOf, VERBS, type Verb } from './environment.ts'
import { asCniError, CniError, errorText } from './errors.ts'
import { PluginLog } from './log.ts'
import type { PluginPorts } from './ports.ts'
import { status } from './status.ts'
import { type CniVersion, NEWEST_VERSION, requireVerb, versionOf } from './version.ts'

/** How a call ends. */
export interface PluginOutcome {
  /** The result or the error, and nothing else; SPEC.md forbids anything but it. */
  readonly stdout?: string
  /** For a person who started the program by hand. */
  readonly stderr?: string
  readonly exitCode: 0 | 1
  /** What there is to log; see deliver-log.ts. */
  readonly log: PluginLog
  /** Says where to; absent when the call got not so far. */
  readonly config?: () => PluginConfig
}

const SUCCESS = { exitCode: 0 } as const

/** The verbs that read a configuration and print nothing when they succeed. */
const SILENT: Readonly<Record<Exclude<Verb, 'VERSION' | 'ADD'>, (call: Call) => void>> = {
  CHECK: check,
  DEL: del,
  STATUS: status,
  // All that we make lives in the pods' namespaces and goes with them: there is nothing stale.
  GC: () => {},
}

/** Answers one call of a container runtime (CNI SPEC.md, section 2). Never throws. */
export function runPlugin(ports: PluginPorts): PluginOutcome {
  const log = new PluginLog(ports)
  const command = ports.env('CNI_COMMAND') ?? ''
  if (command === '') return { stderr: about(), log, ...SUCCESS }
  let config: (() => PluginConfig) | undefined
  let version: CniVersion = NEWEST_VERSION
  try {
    const verb = verbOf(command)
    const environment = environmentOf(verb, ports)
    if (verb === 'VERSION') return { stdout: versionText(), log, ...SUCCESS }
    const configuration = readConfiguration(ports)
    config = onceRead(configuration)
    version = versionOf(configuration.json.cniVersion)
    requireVerb(verb, version)
    const call = { environment, configuration, version, config, log, ports }
    if (verb === 'ADD') return { stdout: `${add(call)}\n`, log, config, ...SUCCESS }
    SILENT[verb](call)
    return { log, config, ...SUCCESS }
  } catch (thrown) {
    const error = asCniError(thrown)
    const { code, message, details } = error
    log.write('error', message, { command, code, details, containerId: ports.env('CNI_CONTAINERID') })
    return { stdout: errorText(error, version), exitCode: 1, log, ...(config && { config }) }
  }
}

function onceRead(configuration: Configuration): () => PluginConfig {
  let config: PluginConfig | undefined
  return () => {
    config ??= pluginConfigOf(configuration)
    return config
  }
}

function verbOf(command: string): Verb {
  const verb = VERBS.find((known) => known === command)
  if (verb !== undefined) return verb
  const given = JSON.stringify(command.slice(0, 64))
  throw new CniError(CNI_ERROR.invalidEnvironment, `CNI_COMMAND=${given} is not one of ${VERBS.join(', ')}`)
}

/** As the CNI project's plugins do: always the newest version, and no look at standard input. */
function versionText(): string {
  return `${JSON.stringify({ cniVersion: NEWEST_VERSION, supportedVersions: CNI_VERSIONS })}\n`
}

function about(): string {
  return `CNI plugin ${PLUGIN_NAME}: hands pods to the Istio CNI agent of this node.
It is executed by container runtimes; CNI versions ${CNI_VERSIONS.join(', ')}.
`
}
