import { namesUs } from './conflist.ts'
import { type NetworkConfig, readNamedConfig, readNetworkConfig } from './network-config.ts'

/** A file of the directory as it was read; `problem` says why there is no text to look at. */
export type ConfigFile =
  | { name: string; text: string; version: FileVersion }
  | { name: string; problem: string; symlinkOutside: boolean }

/** Tells whether a file is still the one that was read. */
export interface FileVersion {
  path: string
  inode: bigint
  size: bigint
  modifiedNs: bigint
  mode: number
  uid: number
  gid: number
}

/** A file that a runtime would load. */
export interface Candidate {
  name: string
  text: string
  version: FileVersion
  config: Extract<NetworkConfig, { kind: 'list' | 'single' }>
}

export interface Skipped {
  name: string
  reason: string
  /** The runtime would follow this link, we must not. */
  symlinkOutside: boolean
  /** Not even JSON: perhaps somebody is still writing it. */
  halfWritten: boolean
}

/** The extensions that containerd and CRI-O load, in the order in which they win over one another by name. */
const extensions = ['.conf', '.conflist', '.json'] as const

export function isConfigName(name: string): boolean {
  return extensions.some((extension) => extensionOf(name) === extension)
}

/** `10-pods` of `10-pods.conflist`. */
export function stemOf(name: string): string {
  return name.slice(0, name.length - extensionOf(name).length)
}

/** As Go's filepath.Ext: from the last dot on. */
function extensionOf(name: string): string {
  const at = name.lastIndexOf('.')
  return at < 0 ? '' : name.slice(at)
}

/** Go's sort.Strings compares bytes. */
export function sortsBefore(left: string, right: string): boolean {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0
}

/** The directory as libcni lists it: what it would load, first wins; what it would pass over, and why. */
export function candidatesOf(files: readonly ConfigFile[]): { usable: Candidate[]; skipped: Skipped[] } {
  const usable: Candidate[] = []
  const skipped: Skipped[] = []
  const listed = files.filter((file) => isConfigName(file.name))
  for (const file of listed.sort((a, b) => (sortsBefore(a.name, b.name) ? -1 : 1))) {
    const candidate = candidateOf(file, (text) => readNetworkConfig(file.name, text))
    if ('config' in candidate) usable.push(candidate)
    else skipped.push(candidate)
  }
  return { usable, skipped }
}

/**
 * The file that the operator named, or its other extension, as the original does: `.conf` may have become
 * `.conflist` and the reverse. `undefined` while neither is there.
 */
export function namedCandidate(files: readonly ConfigFile[], name: string): Candidate | Skipped | undefined {
  const names = name.endsWith('.conflist')
    ? [name, `${stemOf(name)}.conf`, `${stemOf(name)}.json`]
    : [name, `${stemOf(name)}.conflist`]
  for (const each of names) {
    const file = files.find((other) => other.name === each)
    if (file !== undefined) return candidateOf(file, (text) => readNamedConfig(file.name, text))
  }
  return undefined
}

/** Neither our own single configuration nor that of `lo` is a network to chain into. */
export function isForeign({ config: { kind, document } }: Pick<Candidate, 'config'>): boolean {
  return kind === 'list' || (!namesUs(document) && document.type !== 'loopback')
}

function candidateOf(file: ConfigFile, read: (text: string) => NetworkConfig): Candidate | Skipped {
  const { name } = file
  if ('problem' in file) {
    return { name, reason: file.problem, symlinkOutside: file.symlinkOutside, halfWritten: false }
  }
  const config = read(file.text)
  if (config.kind !== 'unusable') return { name, text: file.text, version: file.version, config }
  const halfWritten = config.document === undefined
  return { name, reason: config.reason, symlinkOutside: false, halfWritten }
}
