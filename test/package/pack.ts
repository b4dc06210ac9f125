// The constructs as they are published, and an app in a directory of its own that installs them.
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { buildConstructs } from '../../scripts/build-constructs.ts'
import { root } from '../../scripts/tools.ts'

const execute = promisify(execFile)

export interface Ended {
  readonly code: number
  /** Of both streams. */
  readonly output: string
}

/** Runs a program to its end, whatever that is. */
export async function run(cwd: string, program: string, ...args: string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await execute(program, args, { cwd, maxBuffer: 16 << 20 })
    return { code: 0, output: stdout + stderr }
  } catch (cause) {
    const { code, stdout = '', stderr = '' } = cause as { code?: number; stdout?: string; stderr?: string }
    if (typeof code !== 'number') throw cause
    return { code, output: stdout + stderr }
  }
}

async function succeed(cwd: string, program: string, ...args: string[]): Promise<string> {
  const { code, output } = await run(cwd, program, ...args)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} in ${cwd} ended with ${code}:\n${output}`)
  return output
}

/** Builds the package below `directory` and packs it; gives the tarball's path. */
export async function pack(directory: string): Promise<string> {
  const built = await buildConstructs(join(directory, 'constructs'))
  const name = await succeed(built, 'npm', 'pack', '--silent', '--pack-destination', directory)
  return join(directory, name.trim())
}

/** A fresh app of a platform team: the tarball, and the cdk8s and types of Node that this repository is tested with. */
export async function installApp(directory: string, tarball: string): Promise<void> {
  const { devDependencies: peers } = await manifestOf('packages/constructs')
  const { devDependencies } = await manifestOf('.')
  const needed = { ...peers, '@types/node': devDependencies['@types/node'] }
  await put(directory, 'package.json', '{ "private": true }\n')
  const packages = Object.entries(needed).map(([name, version]) => `${name}@${version}`)
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline']
  await succeed(directory, 'npm', 'install', ...flags, tarball, ...packages)
}

async function manifestOf(directory: string): Promise<{ devDependencies: Record<string, string> }> {
  const text = await readFile(join(root, directory, 'package.json'), 'utf8')
  return JSON.parse(text) as { devDependencies: Record<string, string> }
}

export async function put(directory: string, file: string, text: string): Promise<void> {
  await mkdir(dirname(join(directory, file)), { recursive: true })
  await writeFile(join(directory, file), text)
}
