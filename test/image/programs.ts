import { missingForImage } from '../../scripts/image/buildah.ts'
import { find, systemDirectories } from '../cluster/debian-packages.ts'

/** @returns why the tier cannot be had here; undefined when it can */
export function missingForImageTier(): string | undefined {
  return (
    missingForImage() ??
    (find('runc', systemDirectories) === undefined ? 'it needs runc, for containers' : undefined)
  )
}
