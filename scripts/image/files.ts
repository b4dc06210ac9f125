// dist/image: what is ours in the image, in a directory per layer, and the launcher's file capabilities.
import { constants } from 'node:fs'
import { copyFile, mkdir, realpath, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  IMAGE_AGENT_DIR,
  IMAGE_CNI_BIN_DIR,
  IMAGE_LAUNCHER,
  IMAGE_NODE,
  PLUGIN_NAME,
} from '@istio-install-cni/config-schema'
import { fileCapabilities } from '../file-capabilities.ts'
import { distDirectory } from '../tools.ts'

export const imageFilesDirectory = join(distDirectory, 'image')

/** Lays out what `npm run build` has made. */
export async function writeImageFiles(): Promise<void> {
  await rm(imageFilesDirectory, { recursive: true, force: true })
  const koffi = `koffi/linux_${process.arch}/koffi.node`
  await put('node', IMAGE_NODE, await realpath(process.execPath))
  await put('launcher/root', IMAGE_LAUNCHER, join(distDirectory, 'install-cni'))
  await put('plugin', `${IMAGE_CNI_BIN_DIR}/${PLUGIN_NAME}`, join(distDirectory, PLUGIN_NAME))
  for (const name of ['install-cni.mjs', 'netns-worker.mjs', koffi])
    await put('agent', `${IMAGE_AGENT_DIR}/${name}`, join(distDirectory, name))
  await writeFile(join(imageFilesDirectory, 'launcher/capabilities'), fileCapabilities())
}

async function put(layer: string, path: string, from: string): Promise<void> {
  const target = join(imageFilesDirectory, layer, path)
  await mkdir(dirname(target), { recursive: true })
  await copyFile(from, target, constants.COPYFILE_FICLONE)
}
