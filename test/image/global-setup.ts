// Builds the images once for all files of the tier.
import { rm } from 'node:fs/promises'
import type { TestProject } from 'vitest/node'
import { build } from '../../scripts/build.ts'
import { buildImages } from '../../scripts/image.ts'
import { type UnpackedImage, unpack } from './unpacked-image.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    readonly runtimeImage: UnpackedImage
    readonly devImage: UnpackedImage
    readonly fipsImage: UnpackedImage
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await build()
  const targets = ['runtime', 'dev', 'fips'] as const
  const directories: string[] = []
  for (const [at, { archive }] of (await buildImages(targets)).entries()) {
    const image = await unpack(archive)
    directories.push(image.directory)
    project.provide(`${targets[at] ?? 'runtime'}Image`, image)
  }
  return async () => {
    for (const directory of directories) await rm(directory, { recursive: true, force: true })
  }
}
