import { insertEntry, listFromSingle, namesUs } from './conflist.ts'
import { InstallError } from './errors.ts'
import { equalJson, indentationOf, type JsonDocument, printJson } from './json.ts'
import { leftoversOf, removalOf } from './leftovers.ts'
import { readNetworkConfig } from './network-config.ts'
import { primaryOf } from './primary.ts'
import { type Candidate, candidatesOf, isForeign, sortsBefore, stemOf } from './select.ts'
import { isReplaceable, newFileMode, type Plan, type Step, type Wanted } from './wanted.ts'

/** A list of our own, copied from the primary and sorted before it, holds our plugin; the primary stays untouched. */
export function planOwned({ files, settings, entry }: Wanted): Plan {
  const name = settings.istioOwnedCniConfigFilename
  const existing = files.find((file) => file.name === name)
  const leftovers = leftoversOf(files, settings, name)
  const others = files.filter((file) => file !== existing && !leftovers.some((leftover) => leftover === file))
  const { primary, notes, plan, doubtful } = primaryOf(others, settings)
  const ours = existing === undefined || isReplaceable(existing, namesUs)
  if (!ours) return { outcome: 'refuse', error: taken(name), notes }
  if (!name.endsWith('.conflist')) return { outcome: 'refuse', error: notAList(name), notes }
  if (primary === undefined) return { ...plan, notes }

  const [first] = candidatesOf(others).usable.filter(isForeign)
  if (first !== undefined && !sortsBefore(name, first.name)) {
    return { outcome: 'refuse', error: sortsAfter(name, first.name), notes }
  }
  const list = insertEntry(listOf(primary), entry)
  const steps: Step[] = []
  const expected = existing !== undefined && 'version' in existing ? existing.version : 'absent'
  const current =
    existing !== undefined && 'text' in existing ? readNetworkConfig(name, existing.text).document : undefined
  if (current === undefined || !equalJson(current, list)) {
    const mode = expected === 'absent' ? newFileMode(settings) : expected.mode
    steps.push({ act: 'write', name, text: printJson(list, indentationOf(primary.text)), mode, expected })
  }
  steps.push(...removalOf(leftovers))
  // Preemption is none here: the copy sorts before all of them.
  const circumstances = { network: stemOf(primary.name), ...(doubtful === undefined ? {} : { doubtful }) }
  return { outcome: 'install', target: name, steps, notes, ...circumstances }
}

function listOf({ config }: Candidate): JsonDocument {
  return config.kind === 'list' ? config.document : listFromSingle(config.document)
}

function taken(name: string): InstallError {
  return new InstallError(
    'NAME_TAKEN',
    `${name} exists and does not run our plugin, so it is not ours to replace: set ISTIO_OWNED_CNI_CONFIG_FILENAME to a free name`,
    { path: name },
  )
}

function notAList(name: string): InstallError {
  return new InstallError(
    'NAME_TAKEN',
    `${name} cannot hold our list: ISTIO_OWNED_CNI_CONFIG_FILENAME must end in .conflist`,
    { path: name },
  )
}

function sortsAfter(name: string, first: string): InstallError {
  return new InstallError(
    'OWNED_SORTS_AFTER',
    `${name} sorts after ${first}, so runtimes would never load it: set ISTIO_OWNED_CNI_CONFIG_FILENAME to a name before ${first}`,
    { path: name },
  )
}
