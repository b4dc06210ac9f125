import type { PluginConfig } from '@istio-install-cni/config-schema'
import type { Configuration } from './configuration.ts'
import type { Environment } from './environment.ts'
import type { PluginLog } from './log.ts'
import type { PluginPorts } from './ports.ts'
import type { CniVersion } from './version.ts'

/** One call of the runtime, as far as every verb needs it. */
export interface Call {
  readonly environment: Environment
  readonly configuration: Configuration
  readonly version: CniVersion
  /** @throws {CniError} code 7; asked late, because not every call depends on our own keys */
  readonly config: () => PluginConfig
  readonly log: PluginLog
  readonly ports: PluginPorts
}
