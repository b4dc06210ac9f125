// npm run image [-- TARGET ...] [-- --fresh]: dist/images/<target>.tar, OCI archives, on a Debian 13 that is made here.
//   --fresh   on a new Debian: what it has is else as old as the first build
// The same source and packages make the same bytes, dated by SOURCE_DATE_EPOCH or the last commit.
import { execFileSync } from 'node:child_process'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ISTIO_VERSION } from '@istio-install-cni/config-schema'
import { build } from './build.ts'
import { baseImage, makeBase } from './image/base.ts'
import { buildah, missingForImage } from './image/buildah.ts'
import { imageFilesDirectory, writeImageFiles } from './image/files.ts'
import { distDirectory, print, root } from './tools.ts'

const targets = ['runtime', 'dev', 'fips', 'fips-dev'] as const
export type ImageTarget = (typeof targets)[number]

export interface BuiltImage {
  /** `localhost/istio-install-cni:1.30.3-dev` */
  readonly name: string
  /** OCI archive. */
  readonly archive: string
}

const isTarget = (word: string): word is ImageTarget => targets.some((target) => target === word)

/** Builds images from what `npm run build` made. */
export async function buildImages(wanted: readonly ImageTarget[], fresh = false): Promise<BuiltImage[]> {
  await makeBase(fresh)
  await writeImageFiles()
  const built: BuiltImage[] = []
  for (const target of wanted) built.push(await buildImage(target))
  return built
}

async function buildImage(target: ImageTarget): Promise<BuiltImage> {
  const name = `localhost/istio-install-cni:${ISTIO_VERSION}${target === 'runtime' ? '' : `-${target}`}`
  const bases = { BUILD_BASE: baseImage, DEV_BASE: baseImage, RUNTIME_BASE: 'scratch' }
  await buildah(
    'build',
    ...['--isolation', 'chroot', '--pull-never', '--timestamp', String(sourceDate())],
    // Without a cache: each of its layers would be a copy of all before, and as old as the source was at its first build.
    ...['--no-cache', '--layers=false', '--force-rm'],
    ...Object.entries(bases).flatMap(([arg, value]) => ['--build-arg', `${arg}=${value}`]),
    ...['--build-context', `programs=${imageFilesDirectory}`, '--target', target, '--tag', name],
    ...['--file', join(root, 'Dockerfile'), root],
  )
  const directory = join(distDirectory, 'images')
  const archive = join(directory, `${target}.tar`)
  const unfinished = `${archive}.${process.pid}`
  await mkdir(directory, { recursive: true })
  await rm(unfinished, { force: true })
  await buildah('push', '--quiet', name, `oci-archive:${unfinished}:${name}`)
  await buildah('rmi', '--force', name)
  await rename(unfinished, archive)
  return { name, archive }
}

/** Seconds; of everything in the images, so that the same source makes the same image. */
function sourceDate(): number {
  const given = process.env.SOURCE_DATE_EPOCH
  return Number(given ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const words = process.argv.slice(2).filter((word) => word !== '--fresh')
  const unknown = words.filter((word) => !isTarget(word))
  if (unknown.length > 0) throw new Error(`no target ${unknown.join(', ')}; there are ${targets.join(', ')}`)
  const missing = missingForImage()
  if (missing !== undefined) throw new Error(`the images cannot be built here: ${missing}`)
  await build()
  const wanted = words.length === 0 ? targets : words.filter(isTarget)
  for (const { name, archive } of await buildImages(wanted, process.argv.includes('--fresh')))
    print(`built ${name} as ${archive}`)
}
