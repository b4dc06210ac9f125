import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { FILE_NAME, loadSettings, type Settings } from '@istio-install-cni/config-schema'
import { type Json, parseJson } from './json.ts'

/** What the conformance data says of a file. */
export type ShownFile = { mode: string; json: Json } | { mode: string; content: string }

/** A program that answers VERSION as a CNI plugin does. */
export const workingPlugin = `#!/bin/sh
[ "$CNI_COMMAND" = VERSION ] && echo '{"cniVersion":"1.1.0","supportedVersions":["0.3.1","1.0.0","1.1.0"]}'
`

/** For tests: the directories that the agent sees of a node, real files below a temporary directory. */
export class ScratchNode {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  static async create(parent = tmpdir()): Promise<ScratchNode> {
    const node = new ScratchNode(await mkdtemp(join(parent, 'install-test-')))
    for (const name of ['net', 'bin', 'run', 'image', 'account']) await mkdir(join(node.root, name))
    await writeFile(join(node.root, 'image/istio-cni'), workingPlugin, { mode: 0o755 })
    await writeFile(join(node.root, 'account/token'), 'TOKEN')
    await writeFile(join(node.root, 'account/ca.crt'), 'CA')
    return node
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }

  path(name: string): string {
    return join(this.root, name)
  }

  get account(): string {
    return this.path('account')
  }

  /** Settings of the agent on this node; the run dir that the plugin is told stays the usual one. */
  settings(env: Record<string, string> = {}): Settings {
    const { settings } = loadSettings({
      env: {
        MOUNTED_CNI_NET_DIR: this.path('net'),
        MOUNTED_CNI_BIN_DIRS: this.path('bin'),
        CNI_AGENT_RUN_DIR: this.path('run'),
        CNI_BIN_SOURCE_DIR: this.path('image'),
        MOUNTED_CNI_CACHE_DIRS: this.path('cache'),
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: '6443',
        POD_NAMESPACE: 'istio-system',
        REQUIRE_HOST_MOUNTS: 'false',
        ...env,
      },
      argv: [],
    })
    return settings
  }

  /** Writes a file of the net dir in one go, as a program does that takes no care. */
  async write(name: string, content: unknown, mode = 0o600): Promise<void> {
    const path = join(this.path('net'), name)
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
    await chmod(path, mode)
  }

  async read(name: string): Promise<Json> {
    return parseJson(await readFile(join(this.path('net'), name), 'utf8'))
  }

  /** The net dir in the words of the conformance data. */
  async netDir(): Promise<Record<string, ShownFile>> {
    const shown: Record<string, ShownFile> = {}
    for (const name of (await readdir(this.path('net'))).sort()) {
      const path = join(this.path('net'), name)
      const stats = await stat(path)
      // Who keeps the node tells it by a socket, which a kill may leave under a temporary name.
      if (stats.isSocket()) continue
      const mode = `0o${(stats.mode & 0o7777).toString(8)}`
      const content = await readFile(path, 'utf8')
      try {
        shown[name] = { mode, json: parseJson(content) }
      } catch {
        shown[name] = { mode, content }
      }
    }
    return shown
  }

  /** Without the record of the installation, which is there while an agent runs. */
  async list(name: string): Promise<string[]> {
    return (await readdir(this.path(name))).filter((file) => file !== FILE_NAME.owner)
  }
}

/** Looks until `check` stops throwing; after the deadline its last error is the test's. */
export async function eventually<T>(check: () => T | Promise<T>, deadlineMs = 4_500): Promise<T> {
  const end = performance.now() + deadlineMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > end) throw error
      await delay(10)
    }
  }
}

/** A log that keeps its lines. */
export function recordingLog() {
  const lines: { level: string; message: string; fields: object }[] = []
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
