// Where the project's own tools are.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..')
export const cacheDirectory = join(root, '.cache')
export const distDirectory = join(root, 'dist')

/** Path of a program that a devDependency brings. */
export const tool = (name: string): string => join(root, 'node_modules', '.bin', name)

/** Of package.json. */
export async function version(): Promise<string> {
  return (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }).version
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
