// An image as a runtime unpacks it: from the archive, layer by layer, with the attributes that only a layer carries.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { imageCache } from '../../scripts/image/buildah.ts'
import { command } from '../testbed/commands.ts'

/** `config` of an OCI image configuration. */
export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd?: readonly string[]
}

export interface UnpackedImage {
  readonly directory: string
  /** Its root file system. Nobody may write into it. */
  readonly root: string
  readonly config: ImageConfig
  /** RFC 3339. */
  readonly created: string
}

interface Descriptor {
  readonly digest: string
}

/** @param archive an OCI archive */
export async function unpack(archive: string): Promise<UnpackedImage> {
  await mkdir(imageCache, { recursive: true })
  const directory = await mkdtemp(join(imageCache, 'unpacked-'))
  const [layout, root] = [join(directory, 'layout'), join(directory, 'root')]
  await Promise.all([mkdir(layout), mkdir(root)])
  await command('tar', '-C', layout, '-xf', archive)
  const blob = ({ digest }: Descriptor) => join(layout, 'blobs', digest.replace(':', '/'))
  const json = async (path: string) => JSON.parse(await readFile(path, 'utf8'))
  const index: { manifests: Descriptor[] } = await json(join(layout, 'index.json'))
  const [manifest] = index.manifests
  if (manifest === undefined) throw new Error(`${archive} has no image`)
  const { config, layers }: { config: Descriptor; layers: Descriptor[] } = await json(blob(manifest))
  for (const layer of layers)
    await command('tar', '-C', root, '--xattrs', '--xattrs-include=*', '-xpf', blob(layer))
  const described: { config: ImageConfig; created: string } = await json(blob(config))
  await rm(layout, { recursive: true })
  return { directory, root, config: described.config, created: described.created }
}
