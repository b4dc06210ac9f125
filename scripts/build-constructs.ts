// dist/constructs: the package that platform teams install, with nothing of the workspace left in it.
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { writeDeclarations } from './declarations.ts'
import { dependenciesOf, publishedManifest, type WorkspaceManifest } from './published-manifest.ts'
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
  const [source, ...within] = await Promise.all(['constructs', ...Object.values(inlined)].map(readManifest))
  if (source === undefined) throw new Error('the package of the constructs is not there')
  // What the inlined packages depend on, the published one does.
  const versions = Object.assign({}, ...within.map(dependenciesOf), dependenciesOf(source))
  const external = [...Object.keys(versions), ...Object.keys(source.peerDependencies ?? {})]
  const imported = new Set([
    ...(await bundle(join(unfinished, 'cjs/index.js'), external)),
    ...(await writeDeclarations({
      packages,
      name: 'constructs',
      inlined,
      output: join(unfinished, 'cjs/types'),
    })),
  ])
  const published = publishedManifest(source, versions, imported)
  await put(unfinished, 'package.json', `${JSON.stringify(published, undefined, 2)}\n`)
  await put(unfinished, 'cjs/index.d.ts', "export * from './types/constructs/index.js'\n")
  await put(unfinished, 'esm/package.json', '{ "type": "module" }\n')
  await put(unfinished, 'esm/index.js', HANDS_ON)
  await put(unfinished, 'esm/index.d.ts', HANDS_ON)
  await copyFile(join(packages, 'constructs/README.md'), join(unfinished, 'README.md'))
  await copyFile(join(root, 'LICENSE'), join(unfinished, 'LICENSE'))
  await rm(output, { recursive: true, force: true })
  await rename(unfinished, output)
  return output
}

/** @returns the packages that the bundle imports */
async function bundle(outfile: string, external: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [join(packages, 'constructs/src/index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: [...external],
    legalComments: 'none',
    // Users see them: in messages, stack traces and `console.log`.
    keepNames: true,
    metafile: true,
    logLevel: 'warning',
  })
  const outputs = Object.values(metafile.outputs)
  const foreign = outputs
    .flatMap(({ inputs }) => Object.keys(inputs))
    .find((file) => file.includes('node_modules/'))
  if (foreign !== undefined)
    throw new Error(`constructs would carry ${foreign} with it: declare its package as a dependency`)
  return outputs.flatMap(({ imports }) => imports.map(({ path }) => path))
}

async function put(directory: string, file: string, text: string): Promise<void> {
  await mkdir(dirname(join(directory, file)), { recursive: true })
  await writeFile(join(directory, file), text)
}

async function readManifest(room: string): Promise<WorkspaceManifest> {
  return JSON.parse(await readFile(join(packages, room, 'package.json'), 'utf8')) as WorkspaceManifest
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) print(`built ${await buildConstructs()}`)
