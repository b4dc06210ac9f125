import { FILE_NAME, type Settings } from '@istio-install-cni/config-schema'
import { namesUs, runsOnlyUs } from './conflist.ts'
import { readNetworkConfig } from './network-config.ts'
import type { ConfigFile } from './select.ts'
import type { Step } from './wanted.ts'

type LeftoverSettings = Pick<Settings, 'cniConfName' | 'istioOwnedCniConfigFilename'>

/** A file that an earlier run in another mode has left. */
export type Leftover = Extract<ConfigFile, { text: string }>

/**
 * Files that are ours as a whole although this mode has none of that name (`kept` is its own). An owned copy would go
 * on hiding the primary, whose changes nobody puts into it any more; a configuration for Multus would become the
 * node's network when the primary is away, one without addresses.
 */
export function leftoversOf(
  files: readonly ConfigFile[],
  { cniConfName, istioOwnedCniConfigFilename }: LeftoverSettings,
  kept?: string,
): Leftover[] {
  const owned = new Set<string>([istioOwnedCniConfigFilename, FILE_NAME.ownedConfig])
  return files.filter((file): file is Leftover => {
    const { name } = file
    if (!('text' in file) || name === kept || name === cniConfName) return false
    const { document } = readNetworkConfig(name, file.text)
    if (document === undefined) return false
    return owned.has(name) ? namesUs(document) : name === FILE_NAME.standaloneConfig && runsOnlyUs(document)
  })
}

/** Only for when the node has what it needs without them. */
export function removalOf(leftovers: readonly Leftover[]): Step[] {
  return leftovers.map(({ name, version }) => ({ act: 'delete', name, expected: version }))
}
