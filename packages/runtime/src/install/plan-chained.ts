import { insertEntry, isConversionOf, isInserted, listFromSingle } from './conflist.ts'
import { InstallError } from './errors.ts'
import { equalJson, indentationOf, type JsonDocument, printJson } from './json.ts'
import { leftoversOf, removalOf } from './leftovers.ts'
import { readNetworkConfig } from './network-config.ts'
import { primaryOf } from './primary.ts'
import { type Candidate, type ConfigFile, stemOf } from './select.ts'
import type { Plan, Step, Wanted } from './wanted.ts'

/** Our plugin becomes the last one of the primary network's list. */
export function planChained({ files, settings, entry, network }: Wanted): Plan {
  const leftovers = leftoversOf(files, settings)
  const others = files.filter((file) => !leftovers.some((leftover) => leftover === file))
  const { primary, notes, plan, ...circumstances } = primaryOf(others, settings, network)
  if (primary === undefined) return { ...plan, notes }
  const inserted =
    primary.config.kind === 'list' ? stepsForList(primary, entry) : stepsForSingle(primary, entry, files)
  if (inserted instanceof InstallError) return { outcome: 'refuse', error: inserted, notes }
  const steps = [...inserted.steps, ...removalOf(leftovers)]
  return { outcome: 'install', target: inserted.target, steps, ...circumstances, notes }
}

interface Inserted {
  target: string
  steps: Step[]
}

function stepsForList({ name, text, version, config }: Candidate, entry: JsonDocument): Inserted {
  if (isInserted(config.document, entry)) return { target: name, steps: [] }
  const inserted = printJson(insertEntry(config.document, entry), indentationOf(text))
  return {
    target: name,
    steps: [{ act: 'write', name, text: inserted, mode: version.mode, expected: version }],
  }
}

/**
 * A single configuration becomes a list of the same stem. The list is written before the old file goes, which
 * sorts first until then: at every moment the directory has one whole network configuration.
 */
function stepsForSingle(
  single: Candidate,
  entry: JsonDocument,
  files: readonly ConfigFile[],
): Inserted | InstallError {
  const target = `${stemOf(single.name)}.conflist`
  const list = insertEntry(listFromSingle(single.config.document), entry)
  const remove: Step = { act: 'delete', name: single.name, expected: single.version }
  const write = {
    act: 'write' as const,
    name: target,
    text: printJson(list, indentationOf(single.text)),
    mode: single.version.mode,
  }
  const existing = files.find((file) => file.name === target)
  if (existing === undefined) return { target, steps: [{ ...write, expected: 'absent' }, remove] }
  if ('problem' in existing) return taken(target, single.name)
  const { document } = readNetworkConfig(target, existing.text)
  if (document !== undefined && equalJson(document, list)) return { target, steps: [remove] }
  const replaceable = document === undefined || isConversionOf(document, single.config.document)
  if (!replaceable) return taken(target, single.name)
  return { target, steps: [{ ...write, expected: existing.version }, remove] }
}

function taken(target: string, source: string): InstallError {
  return new InstallError(
    'NAME_TAKEN',
    `${source} must become ${target} to hold two plugins, but ${target} exists with another content: ` +
      'remove the one that is no longer used, or name the right one by CNI_CONF_NAME',
    { path: target },
  )
}
