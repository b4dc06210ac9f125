import { join } from 'node:path'
import type { Settings } from '@istio-install-cni/config-schema'
import { readConfigDirectory } from './directory.ts'
import { InstallError } from './errors.ts'
import { removeDurably, writeAtomically } from './files.ts'
import type { JsonDocument } from './json.ts'
import { planOf } from './plan.ts'
import { type Plan, type Step, standaloneName } from './wanted.ts'

/** How often a file may change under our hands before we leave it to the next look. */
const attempts = 8

/** Reads the network config directory and decides; `names` are all files in it. */
export async function planNetwork(
  settings: Settings,
  entry: JsonDocument,
  network: string | undefined,
): Promise<{ plan: Plan; names: string[] }> {
  const also = settings.cniConfName === '' ? [] : [settings.cniConfName]
  if (!settings.chainedCniPlugin) also.push(standaloneName(settings))
  const { names, files } = await readConfigDirectory(settings.mountedCniNetDir, settings.cniNetDir, also)
  return { plan: planOf({ files, settings, entry, network }), names }
}

/** Does the steps in their order. Throws `InstallError`, also when a file is not the expected one any more. */
async function applySteps(
  directory: string,
  steps: readonly Step[],
  onDone: (step: Step) => void,
): Promise<void> {
  for (const step of steps) {
    if (step.act === 'delete') await removeDurably(step.expected.path, step.expected)
    else {
      const path = step.expected === 'absent' ? join(directory, step.name) : step.expected.path
      await writeAtomically(path, step.text, { mode: step.mode, expected: step.expected })
    }
    onDone(step)
  }
}

/** Decides and applies until nothing is left to do, deciding anew when another program was faster. */
export async function settle<Decision extends { steps: readonly Step[] }>(
  directory: string,
  decide: () => Promise<Decision>,
  onDone: (step: Step) => void,
): Promise<Decision> {
  for (let attempt = 1; ; attempt += 1) {
    const decision = await decide()
    if (decision.steps.length === 0) return decision
    try {
      await applySteps(directory, decision.steps, onDone)
    } catch (error) {
      const retry = error instanceof InstallError && error.code === 'CHANGED_MEANWHILE' && attempt < attempts
      if (!retry) throw error
    }
    if (attempt === attempts) return decision
  }
}
