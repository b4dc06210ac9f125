// A Debian 13 with apt, as an image: what everything is built on here.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildah, imageCache } from './buildah.ts'
import { machineMirrors, sourceLines } from './mirrors.ts'

const release = 'trixie'
export const baseImage = `localhost/debian:${release}`
const archive = join(imageCache, `debian-${release}.tar`)

/** Makes it unless it is there. @param fresh makes it anew, with the packages of today, and forgets what was built on it */
export async function makeBase(fresh: boolean): Promise<void> {
  await mkdir(imageCache, { recursive: true })
  if (fresh) await buildah('rmi', '--all', '--force')
  if (fresh || !existsSync(archive)) {
    const unfinished = join(imageCache, `debian.${process.pid}.tar`)
    const sources = sourceLines(release, machineMirrors())
    await promisify(execFile)('mmdebstrap', [
      '--variant=apt',
      '--include=ca-certificates',
      release,
      unfinished,
      ...sources,
    ])
    await rename(unfinished, archive)
  } else if ((await buildah('images', '--quiet', baseImage).catch(() => '')) !== '') return
  const container = await buildah('from', 'scratch')
  try {
    await buildah('add', '--quiet', container, archive, '/')
    await buildah('commit', '--quiet', container, baseImage)
  } finally {
    await buildah('rm', container)
  }
}
