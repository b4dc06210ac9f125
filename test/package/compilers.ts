// The compilers that a platform team may have: the native one, and the last classic line that cdk8s' templates use.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root, tool } from '../../scripts/tools.ts'
import { type Ended, put, run } from './pack.ts'

const resolveFrom = (file: string) => createRequire(file).resolve
const attw = resolveFrom(join(root, 'package.json'))('@arethetypeswrong/cli/package.json')
const attwCore = resolveFrom(attw)('@arethetypeswrong/core')

export const compilers: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  native: [tool('tsc')],
  classic: [process.execPath, resolveFrom(attwCore)('typescript/lib/tsc.js')],
}

export const modules = {
  'ES module': { options: { module: 'nodenext', moduleResolution: 'nodenext' }, extension: 'mts' },
  CommonJS: { options: { module: 'node16', moduleResolution: 'node16' }, extension: 'cts' },
  'what cdk8s init makes': {
    options: { module: 'commonjs', target: 'es2017', lib: ['es2016'], declaration: true },
    extension: 'ts',
  },
} as const

/** Type checks files of the app, the declarations of what they import included. */
export async function typeCheck(
  directory: string,
  compiler: keyof typeof compilers,
  options: object,
  files: readonly string[],
): Promise<Ended> {
  const [program, ...args] = compilers[compiler] ?? []
  if (program === undefined) throw new Error(`no compiler is called ${compiler}`)
  const compilerOptions = { strict: true, noEmit: true, target: 'es2022', types: ['node'], ...options }
  await put(directory, 'tsconfig.json', JSON.stringify({ compilerOptions, files }))
  return run(directory, program, ...args, '-p', 'tsconfig.json', '--pretty', 'false')
}
