import { CNI_VERSION_WRITTEN, PLUGIN_NAME } from '@istio-install-cni/config-schema'
import { runsOnlyUs } from './conflist.ts'
import { InstallError } from './errors.ts'
import { equalJson, type JsonDocument, printJson } from './json.ts'
import { readNamedConfig } from './network-config.ts'
import { planRemoval } from './removal.ts'
import { isReplaceable, newFileMode, type Plan, type Step, standaloneName, type Wanted } from './wanted.ts'

/** A configuration of our own that no runtime loads by itself: Multus runs it by name. */
export function planStandalone({ files, settings, entry }: Wanted): Plan {
  const name = standaloneName(settings)
  const existing = files.find((file) => file.name === name)
  if (existing !== undefined && !isReplaceable(existing, runsOnlyUs)) {
    return { outcome: 'refuse', error: taken(name), notes: [] }
  }
  const document = documentFor(name, entry)
  const expected = existing !== undefined && 'version' in existing ? existing.version : 'absent'
  const current =
    existing !== undefined && 'text' in existing ? readNamedConfig(name, existing.text).document : undefined
  const steps: Step[] = []
  if (current === undefined || !equalJson(current, document)) {
    const mode = expected === 'absent' ? newFileMode(settings) : expected.mode
    steps.push({ act: 'write', name, text: printJson(document, '  '), mode, expected })
  }
  // Left by another mode: what it put into the node's networks would go on there, and with the settings of then.
  steps.push(
    ...planRemoval(
      files.filter((file) => file !== existing),
      settings,
    ),
  )
  return { outcome: 'install', target: name, steps, notes: [] }
}

/** A `.conflist` must hold a list, whatever the original writes into it. */
function documentFor(name: string, entry: JsonDocument): JsonDocument {
  const { cniVersion = CNI_VERSION_WRITTEN, ...plugin } = entry
  if (!name.endsWith('.conflist')) return { cniVersion, ...plugin }
  return { cniVersion, name: plugin.name ?? PLUGIN_NAME, plugins: [plugin] }
}

function taken(name: string): InstallError {
  return new InstallError(
    'NAME_TAKEN',
    `${name} exists and runs not only our plugin, so it is not ours to replace: set CNI_CONF_NAME to a free name`,
    { path: name },
  )
}
