import { FILE_NAME, type Settings } from '@istio-install-cni/config-schema'
import { isOurs, namesUs, removeEntry, runsOnlyUs } from './conflist.ts'
import { indentationOf, isDocument, type JsonDocument, parseJson, printJson } from './json.ts'
import { readNetworkConfig } from './network-config.ts'
import { type ConfigFile, isConfigName, isForeign } from './select.ts'
import { type Step, standaloneName } from './wanted.ts'

type RemovalSettings = Pick<Settings, 'chainedCniPlugin' | 'cniConfName' | 'istioOwnedCniConfigFilename'>

/** A file to delete; or a list of others to write, as `without` and otherwise as it is. */
export type Removal = { name: string } & ({ act: 'delete' } | { act: 'write'; without: JsonDocument })

/**
 * What to do so that no configuration runs our plugin. Files that are ours as a whole go; from others only our
 * entry goes. A file is ours if it has the name that we give it and the node keeps a network without it, or if it
 * runs nothing but our plugin.
 */
export function removalsOf(
  files: readonly { name: string; text: string }[],
  settings: RemovalSettings,
): Removal[] {
  const owned = new Set<string>([settings.istioOwnedCniConfigFilename, FILE_NAME.ownedConfig])
  const standalone = new Set<string>([FILE_NAME.standaloneConfig])
  if (!settings.chainedCniPlugin) standalone.add(standaloneName(settings))
  const hasForeign = files.some(({ name, text }) => {
    if (owned.has(name) || !isConfigName(name)) return false
    const config = readNetworkConfig(name, text)
    return config.kind !== 'unusable' && isForeign({ config })
  })
  return files.flatMap(({ name, text }): Removal[] => {
    const document = documentOf(text)
    if (document === undefined || !namesUs(document)) return []
    const isOurFile = (standalone.has(name) && runsOnlyUs(document)) || (owned.has(name) && hasForeign)
    if (isOurFile) return [{ act: 'delete', name }]
    return isOurs(document) ? [] : [{ act: 'write', name, without: removeEntry(document) }]
  })
}

/** The removals as steps on files that were read. */
export function planRemoval(files: readonly ConfigFile[], settings: RemovalSettings): Step[] {
  const readable = files.filter((file) => 'text' in file)
  return removalsOf(readable, settings).flatMap((removal): Step[] => {
    const { name } = removal
    const file = readable.find((each) => each.name === name)
    if (file === undefined) return []
    const { text, version } = file
    if (removal.act === 'delete') return [{ act: 'delete', name, expected: version }]
    const without = printJson(removal.without, indentationOf(text))
    return [{ act: 'write', name, text: without, mode: version.mode, expected: version }]
  })
}

/**
 * The files that a runtime may still load and that run our plugin: its binary must stay for them. So it must for
 * those that we cannot look at and a runtime perhaps can, as links out of the directory.
 */
export function filesNamingUs(files: readonly ConfigFile[]): string[] {
  return files.filter((file) => !('text' in file) || textNamesUs(file.text)).map(({ name }) => name)
}

/** Text that cannot be parsed counts by its bytes. */
export function textNamesUs(text: string): boolean {
  const document = documentOf(text)
  return document === undefined ? text.includes('"istio-cni"') : namesUs(document)
}

function documentOf(text: string): JsonDocument | undefined {
  try {
    const parsed = parseJson(text)
    return isDocument(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
