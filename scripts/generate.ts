// npm run generate: writes every generated, committed file. `npm run check` compares them.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { settingsReference, valuesReference } from '@istio-install-cni/config-schema'
import { rulesReference } from '@istio-install-cni/runtime'
import { print, root } from './tools.ts'
import { valuesInterfaces } from './values-interface.ts'

const generatedFiles: ReadonlyMap<string, () => string> = new Map([
  ['docs/reference/settings.md', settingsReference],
  ['docs/reference/values.md', valuesReference],
  ['docs/reference/rules.md', rulesReference],
  ['packages/constructs/src/values-input.ts', valuesInterfaces],
])

/** Generated files whose content is not what their source says now. */
export async function staleFiles(): Promise<string[]> {
  const stale: string[] = []
  for (const [file, content] of generatedFiles) {
    const found = await readFile(join(root, file), 'utf8').catch(() => '')
    if (found !== content()) stale.push(file)
  }
  return stale
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const file of await staleFiles()) {
    await writeFile(join(root, file), generatedFiles.get(file)?.() ?? '')
    print(`wrote ${file}`)
  }
}
