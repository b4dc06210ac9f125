// A directory of generated files: written as a whole, compared as a whole.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Path below some directory, with `/` → content. */
export type Tree = ReadonlyMap<string, string | Uint8Array>

/** The trees below directories of one tree; a path that two of them have is an error. */
export function joinTrees(parts: Readonly<Record<string, Tree>>): Tree {
  const joined = new Map<string, string | Uint8Array>()
  for (const [directory, tree] of Object.entries(parts)) {
    for (const [path, content] of tree) {
      const whole = directory === '' ? path : `${directory}/${path}`
      if (joined.has(whole)) throw new Error(`${whole} is generated twice`)
      joined.set(whole, content)
    }
  }
  return joined
}

/** What in `directory` is not as the tree says: files that differ, are missing, or should not be there; sorted. */
export async function staleIn(directory: string, tree: Tree): Promise<string[]> {
  const stale = new Set((await filesIn(directory)).filter((path) => !tree.has(path)))
  for (const [path, content] of tree) {
    const found = await readFile(join(directory, path)).catch(() => undefined)
    if (found === undefined || !found.equals(Buffer.from(content))) stale.add(path)
  }
  return [...stale].sort()
}

/**
 * Makes `directory` hold exactly the tree; files that are right are not touched.
 * @returns what was written or removed
 */
export async function writeTree(directory: string, tree: Tree): Promise<string[]> {
  const stale = await staleIn(directory, tree)
  for (const path of stale) {
    const content = tree.get(path)
    if (content === undefined) {
      await rm(join(directory, path))
      continue
    }
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
  return stale
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
}
