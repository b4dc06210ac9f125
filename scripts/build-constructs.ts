// dist/constructs: the package that platform teams install, with nothing of the workspace left in it.
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { writeDeclarations } from './declarations.ts'
import { publishedManifest, type WorkspaceManifest } from './published-manifest.ts'
import { distDirectory, print, root } from './tools.ts'

const packages = join(root, 'packages')
const inlined = { '@istio-install-cni/config-schema': 'config-schema' }

/**
 * One implementation, in CommonJS as cdk8s itself; the ES module hands on its exports. Two implementations could both be
 * loaded by one app, and what one makes would be no instance of the other's classes.
 */
const HANDS_ON = "export * from '../cjs/index.js'\n"

/** Builds dist/constructs anew. */
export async function buildConstructs(output = join(distDirectory, 'constructs')): Promise<string> {
  const unfinished = `${output}.${process.pid}`
  await rm(unfinished, { recursive: true, force: true })
  const source = await readManifest(join(packages, 'constructs/package.json'))
  const published = publishedManifest(source)
  const declared = [...Object.keys(published.dependencies), ...Object.keys(published.peerDependencies)]
  await put(unfinished, 'package.json', `${JSON.stringify(published, undefined, 2)}\n`)
  await put(unfinished, 'esm/package.json', '{ "type": "module" }\n')
  await put(unfinished, 'esm/index.js', HANDS_ON)
  await put(unfinished, 'esm/index.d.ts', HANDS_ON)
  await put(unfinished, 'cjs/index.d.ts', "export * from './types/constructs/index.js'\n")
  await bundle(join(unfinished, 'cjs/index.js'), declared)
  const imported = await writeDeclarations({
    packages,
    name: 'constructs',
    inlined,
    output: join(unfinished, 'cjs/types'),
  })
  const undeclared = [...imported].filter((name) => !declared.includes(name))
  if (undeclared.length > 0)
    throw new Error(
      `the declarations of constructs import ${undeclared.join(', ')}, which it does not declare`,
    )
  await copyFile(join(packages, 'constructs/README.md'), join(unfinished, 'README.md'))
  await rm(output, { recursive: true, force: true })
  await rename(unfinished, output)
  return output
}

async function bundle(outfile: string, external: readonly string[]): Promise<void> {
  const { metafile } = await build({
    entryPoints: [join(packages, 'constructs/src/index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: [...external],
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  const foreign = Object.keys(metafile.inputs).filter((file) => file.includes('node_modules/'))
  if (foreign.length > 0)
    throw new Error(`constructs would carry ${foreign[0]} with it: declare its package as a dependency`)
}

async function put(directory: string, file: string, text: string): Promise<void> {
  await mkdir(dirname(join(directory, file)), { recursive: true })
  await writeFile(join(directory, file), text)
}

async function readManifest(file: string): Promise<WorkspaceManifest> {
  return JSON.parse(await readFile(file, 'utf8')) as WorkspaceManifest
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) print(`built ${await buildConstructs()}`)
