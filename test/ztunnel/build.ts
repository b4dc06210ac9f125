import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDirectory } from '../../scripts/tools.ts'
import { command } from '../testbed/commands.ts'

const source = join(import.meta.dirname, 'stand-in.c')

/** Compiles the stand-in, statically, unless this source was compiled before. @returns its path */
export async function buildStandIn(): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
  const directory = join(cacheDirectory, 'ztunnel')
  const program = join(directory, `stand-in-${hash.slice(0, 16)}`)
  if (existsSync(program)) return program
  await mkdir(directory, { recursive: true })
  const unfinished = `${program}.${process.pid}`
  await command('cc', '-static', '-pthread', '-O1', '-s', '-o', unfinished, source)
  await rename(unfinished, program)
  return program
}
