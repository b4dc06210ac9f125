import { constants, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'

/** Tells one content of a file from another. */
export const versionOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): string =>
  `${ino}:${size}:${mtimeMs}:${ctimeMs}`

/** @throws when the file is not the one of `expected` any more: half a manifest may read like a whole one */
export async function textOf(path: string, expected: Stats): Promise<string> {
  // What took the file's place in the meantime must not hang the agent.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const bytes = Buffer.alloc(expected.size)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length)
    length += bytesRead
    if (bytesRead === 0) break
  }
  if (versionOf(await file.stat()) !== versionOf(expected)) throw new Error('it changed while it was read')
  return bytes.toString('utf8', 0, length)
}

/** The objects of a file of YAML or JSON; a document is one object or a `List` of them. @throws when it is neither */
export function* manifestsIn(text: string): Generator<Readonly<Record<string, unknown>>> {
  // To look for keys that are there twice takes quadratic time: minutes for a file of the largest size.
  for (const document of parseAllDocuments(text, { uniqueKeys: false })) {
    if (document.errors.length > 0) throw document.errors[0]
    const content: unknown = document.toJS({ maxAliasCount: 100 })
    const manifests = isObject(content) && Array.isArray(content.items) ? content.items : [content]
    yield* manifests.filter(isObject)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
