// Builds the runtime image once for all files of the tier.
import { rm } from 'node:fs/promises'
import type { TestProject } from 'vitest/node'
import { build } from '../../scripts/build.ts'
import { buildImages } from '../../scripts/image.ts'
import { type UnpackedImage, unpack } from './unpacked-image.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    readonly runtimeImage: UnpackedImage
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await build()
  const [built] = await buildImages(['runtime'])
  if (built === undefined) throw new Error('no image was built')
  const image = await unpack(built.archive)
  project.provide('runtimeImage', image)
  return () => rm(image.directory, { recursive: true, force: true })
}
