import { FILE_NAME, type Settings } from '@istio-install-cni/config-schema'
import { isOurs, namesUs, pluginsOf, removeEntry } from './conflist.ts'
import { indentationOf, isDocument, type JsonDocument, parseJson, printJson } from './json.ts'
import { standaloneName } from './plan-standalone.ts'
import { type ConfigFile, candidatesOf, isForeign } from './select.ts'
import type { Step } from './wanted.ts'

type RemovalSettings = Pick<Settings, 'chainedCniPlugin' | 'cniConfName' | 'istioOwnedCniConfigFilename'>

/**
 * What to do so that no configuration runs our plugin. Files that are ours as a whole go; from others only our
 * entry goes. A file is ours if it has the name that we give it and the node keeps a network without it, or if it
 * runs nothing but our plugin.
 */
export function planRemoval(files: readonly ConfigFile[], settings: RemovalSettings): Step[] {
  const owned = new Set<string>([settings.istioOwnedCniConfigFilename, FILE_NAME.ownedConfig])
  const standalone = new Set<string>([FILE_NAME.standaloneConfig])
  if (!settings.chainedCniPlugin) standalone.add(standaloneName(settings))
  const foreign = candidatesOf(files).usable.filter(
    (candidate) => isForeign(candidate) && !owned.has(candidate.name),
  )
  return files.flatMap((file): Step[] => {
    if ('problem' in file) return []
    const { name, text, version } = file
    const document = documentOf(text)
    if (document === undefined || !namesUs(document)) return []
    const isOurFile =
      (standalone.has(name) && runsOnlyUs(document)) || (owned.has(name) && foreign.length > 0)
    if (isOurFile) return [{ act: 'delete', name, expected: version }]
    if (isOurs(document)) return []
    const without = printJson(removeEntry(document), indentationOf(text))
    return [{ act: 'write', name, text: without, mode: version.mode, expected: version }]
  })
}

/** The files that a runtime may still load and that run our plugin: its binary must stay for them. */
export function filesNamingUs(files: readonly ConfigFile[]): string[] {
  return files.filter((file) => 'text' in file && runsUs(file.text)).map(({ name }) => name)
}

function runsUs(text: string): boolean {
  const document = documentOf(text)
  return document === undefined ? text.includes('"istio-cni"') : namesUs(document)
}

function runsOnlyUs(document: JsonDocument): boolean {
  return isOurs(document) || pluginsOf(document).every(isOurs)
}

function documentOf(text: string): JsonDocument | undefined {
  try {
    const parsed = parseJson(text)
    return isDocument(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
