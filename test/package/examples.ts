// The examples of the documentation, as files that can be compiled and run.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/tools.ts'

/** Every block of TypeScript in the documents: `document:line` and its text. */
export function examplesOf(...documents: string[]): [place: string, source: string][] {
  return documents.flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8')
    return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((block): [string, string] => {
      const line = text.slice(0, block.index).split('\n').length
      return [`${document}:${line}`, block[1] ?? '']
    })
  })
}
