// npm run synth: charts/ (committed), and dist/{manifests,istioctl,repository} from the same definition.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chartsTree, distTrees, staleIn, writeTree } from '../synth/src/index.ts'
import { distDirectory, print, root } from './tools.ts'

const chartsDirectory = join(root, 'charts')

/** Generated files of charts/ whose content is not what their source says now. */
export async function staleCharts(): Promise<string[]> {
  return (await staleIn(chartsDirectory, chartsTree())).map((file) => `charts/${file}`)
}

/** Writes everything. */
export async function synth(): Promise<void> {
  for (const file of await writeTree(chartsDirectory, chartsTree())) print(`wrote charts/${file}`)
  for (const [directory, tree] of Object.entries(distTrees(releaseTime()))) {
    const written = await writeTree(join(distDirectory, directory), tree)
    print(`dist/${directory}: ${tree.size} files, ${written.length} changed`)
  }
}

/** Seconds since 1970 that archives carry, see https://reproducible-builds.org/specs/source-date-epoch/. */
function releaseTime(): number {
  const told = Number(process.env.SOURCE_DATE_EPOCH ?? 0)
  if (!Number.isSafeInteger(told) || told < 0)
    throw new Error(`SOURCE_DATE_EPOCH=${process.env.SOURCE_DATE_EPOCH} is not a number of seconds`)
  return told
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await synth()
