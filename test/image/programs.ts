import { makeBase } from '../../scripts/image/base.ts'
import { missingForImage } from '../../scripts/image/buildah.ts'
import { find, systemDirectories } from '../cluster/debian-packages.ts'

/** @returns why the tier cannot be had here; undefined when it can, and then with a Debian to build on */
export async function missingForImageTier(): Promise<string | undefined> {
  const missing = missingForImage()
  if (missing !== undefined) return missing
  if (find('runc', systemDirectories) === undefined) return 'it needs runc, for containers'
  try {
    await makeBase(false)
    return undefined
  } catch (error) {
    return `no Debian can be made to build on: ${error instanceof Error ? error.message : error}`
  }
}
