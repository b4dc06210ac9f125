// npm run build: dist/istio-cni (the plugin), dist/install-cni (the launcher), dist/install-cni.mjs (the agent) and what it loads.
import { mkdir } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { buildAgent } from './build-agent.ts'
import { buildNative } from './build-native.ts'
import { distDirectory, print } from './tools.ts'

/** Builds what changed since the last time. */
export async function build(): Promise<void> {
  await mkdir(distDirectory, { recursive: true })
  await Promise.all([buildNative(), buildAgent()])
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await build()
  print(`built ${distDirectory}`)
}
