// Type declarations of a package together with the private package that it imports, as one tree that names no private package.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { root, tool } from './tools.ts'

const run = promisify(execFile)

export interface DeclarationOptions {
  /** The workspace's packages. */
  readonly packages: string
  /** Directory of the package, below `packages`. */
  readonly name: string
  /** Private packages of the workspace that become part of the tree: name as imported → directory below `packages`. */
  readonly inlined: Readonly<Record<string, string>>
  readonly output: string
}

/**
 * Writes `<output>/<directory>/*.d.ts` for the package and those that it inlines.
 * @returns the packages that the declarations import
 * @throws with the compiler's words
 */
export async function writeDeclarations(options: DeclarationOptions): Promise<ReadonlySet<string>> {
  const { inlined, output } = options
  const scratch = await mkdtemp(join(tmpdir(), 'istio-cni-types-'))
  try {
    const emitted = join(scratch, 'emitted')
    await emit({ scratch, emitted, ...options })
    const imported = new Set<string>()
    for (const file of await declarationsIn(emitted)) {
      const target = publishedPath(file)
      const text = rewriteSpecifiers(await readFile(join(emitted, file), 'utf8'), (specifier) => {
        const room = inlined[specifier]
        if (room !== undefined) return relativeImport(target, `${room}/index.js`)
        if (specifier.startsWith('.')) return specifier.replace(/\.ts$/, '.js')
        imported.add(packageOf(specifier))
        return specifier
      })
      await mkdir(dirname(join(output, target)), { recursive: true })
      await writeFile(join(output, target), text)
    }
    return imported
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

interface Emission extends DeclarationOptions {
  readonly scratch: string
  readonly emitted: string
}

async function emit({ scratch, emitted, packages, name, inlined }: Emission): Promise<void> {
  const entry = (room: string) => join(packages, room, 'src/index.ts')
  const project = join(scratch, 'tsconfig.json')
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: packages,
    outDir: emitted,
    // Found through node_modules they would be others' packages, of which the compiler emits nothing.
    paths: Object.fromEntries(Object.entries(inlined).map(([specifier, room]) => [specifier, [entry(room)]])),
    typeRoots: [join(root, 'node_modules/@types')],
  }
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files: [entry(name)] }
  await writeFile(project, JSON.stringify(config))
  await run(tool('tsc'), ['-p', project, '--singleThreaded']).catch((cause: { stdout?: string }) => {
    throw new Error(`the declarations cannot be written:\n${cause.stdout}`, { cause })
  })
}

async function declarationsIn(directory: string): Promise<string[]> {
  const files = await readdir(directory, { recursive: true })
  return files.filter((file) => file.endsWith('.d.ts')).sort()
}

/** `constructs/src/x.d.ts` is published as `constructs/x.d.ts`. */
const publishedPath = (file: string): string => file.replace('/src/', '/')

/** The one form in which the compiler prints a module's name: single or double quotes after `from`, `import` or `import(`. */
function rewriteSpecifiers(text: string, rewrite: (specifier: string) => string): string {
  const specifiers = /(\bfrom |\bimport\(|^import )(['"])([^'"]+)\2/gm
  return text.replace(
    specifiers,
    (_, before: string, quote: string, name: string) => before + quote + rewrite(name) + quote,
  )
}

function relativeImport(from: string, to: string): string {
  const path = relative(dirname(from), to)
  return path.startsWith('.') ? path : `./${path}`
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
