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

/** Writes what is not committed: dist/{manifests,istioctl,repository}. */
export async function writeDistTrees(): Promise<void> {
  for (const [directory, tree] of Object.entries(distTrees(releaseTime()))) {
    const written = await writeTree(join(distDirectory, directory), tree)
    if (written.length > 0) print(`dist/${directory}: ${written.length} of ${tree.size} files changed`)
  }
}

/** Seconds since 1970 that archives carry, see https://reproducible-builds.org/specs/source-date-epoch/. */
function releaseTime(): number {
  const told = Number(process.env.SOURCE_DATE_EPOCH ?? 0)
  if (!Number.isSafeInteger(told) || told < 0)
    throw new Error(`SOURCE_DATE_EPOCH=${process.env.SOURCE_DATE_EPOCH} is not a number of seconds`)
  return told
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const file of await writeTree(chartsDirectory, chartsTree())) print(`wrote charts/${file}`)
  await writeDistTrees()
}
