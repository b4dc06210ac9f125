import { FILE_NAME, type Settings } from '@istio-install-cni/config-schema'
import type { InstallError } from './errors.ts'
import type { JsonDocument } from './json.ts'
import { readNetworkConfig } from './network-config.ts'
import type { ConfigFile, FileVersion } from './select.ts'

/** The settings that decide what the network config directory shall look like. */
export type PlanSettings = Pick<
  Settings,
  | 'chainedCniPlugin'
  | 'cniConfName'
  | 'istioOwnedCniConfig'
  | 'istioOwnedCniConfigFilename'
  | 'cniConfGroupRead'
>

export interface Wanted {
  files: readonly ConfigFile[]
  settings: PlanSettings
  /** Our plugin's configuration. */
  entry: JsonDocument
  /** Stem of the file that we chained into before; preferred to the first one while it can be used. */
  network?: string | undefined
}

/** One change to one file; it is only done while the file still is `expected`. */
export type Step =
  | { act: 'write'; name: string; text: string; mode: number; expected: FileVersion | 'absent' }
  | { act: 'delete'; name: string; expected: FileVersion }

/** What makes the choice of a network one to wait a moment with; a standalone configuration has none. */
export interface Circumstances {
  /** Stem of the file that we chain into or copy. */
  network?: string
  /** A file that runtimes load before it. */
  preemptedBy?: string
  /** A file before it that cannot be used, perhaps because it is only half written. */
  doubtful?: string
}

export type Plan = { notes: string[] } & (
  | ({ outcome: 'install'; target: string; steps: Step[] } & Circumstances)
  | { outcome: 'wait'; reason: string }
  | { outcome: 'refuse'; error: InstallError }
)

/** Name of our own configuration when we are not chained; Multus refers to it. */
export function standaloneName(settings: Pick<Settings, 'cniConfName'>): string {
  return settings.cniConfName || FILE_NAME.standaloneConfig
}

/** Mode of a file that we create (original: 0600, CIS 1.1.9; group-readable on request). */
export function newFileMode(settings: Pick<Settings, 'cniConfGroupRead'>): number {
  return settings.cniConfGroupRead ? 0o640 : 0o600
}

/**
 * May we replace the file that has our place as a whole? If its content `isOurs`, or is none that a runtime would
 * load: nothing is lost with that.
 */
export function isReplaceable(file: ConfigFile, isOurs: (document: JsonDocument) => boolean): boolean {
  if ('problem' in file) return false
  const { document } = readNetworkConfig(file.name, file.text)
  return document === undefined || isOurs(document)
}
