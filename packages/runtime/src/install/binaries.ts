import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PLUGIN_NAME, type Settings } from '@istio-install-cni/config-schema'
import { messageOf } from '../errors.ts'
import { InstallError, systemCodeOf } from './errors.ts'
import { writeAtomically } from './files.ts'
import { supportedVersions } from './version.ts'

/** Copies the plugin to the node and keeps it there; remembers digests so that looking again costs a stat. */
export class Binaries {
  readonly #source: string
  readonly #targets: readonly string[]
  readonly #digests = new Map<string, { version: string; digest: string }>()
  readonly #proven = new Set<string>()

  constructor(settings: Pick<Settings, 'cniBinSourceDir' | 'mountedCniBinDirs'>) {
    this.#source = join(settings.cniBinSourceDir, PLUGIN_NAME)
    this.#targets = settings.mountedCniBinDirs.map((directory) => join(directory, PLUGIN_NAME))
  }

  /** Copies where the content differs; gives the paths written. Throws `InstallError`. */
  async install(): Promise<string[]> {
    const { digest, mode } = await this.#sourceOf()
    const written: string[] = []
    for (const target of this.#targets) {
      if (await this.#isThere(target, digest, mode)) continue
      await this.#copy(target, digest, mode)
      written.push(target)
    }
    return written
  }

  async #sourceOf(): Promise<{ digest: string; mode: number }> {
    try {
      const { mode } = await stat(this.#source)
      // Without the x bits the image was built badly; the plugin must be executable all the same.
      return { digest: await this.#digestOf(this.#source), mode: mode & 0o111 ? mode & 0o777 : 0o755 }
    } catch (cause) {
      const message = `cannot read the plugin ${this.#source}: ${messageOf(cause)}; CNI_BIN_SOURCE_DIR must name the directory that has it`
      throw new InstallError('PLUGIN_MISSING', message, { path: this.#source, cause })
    }
  }

  /** The same content, mode, and a program that answers: proven once, and again after every change. */
  async #isThere(target: string, digest: string, mode: number): Promise<boolean> {
    try {
      const stats = await stat(target)
      if (!stats.isFile() || (stats.mode & 0o777) !== mode) return false
      if ((await this.#digestOf(target)) !== digest) return false
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return false
      throw new InstallError('UNREADABLE', `cannot read ${target}: ${messageOf(error)}`, {
        path: target,
        cause: error,
      })
    }
    if (!this.#proven.has(`${target} ${digest}`)) await this.#prove(target, target, digest)
    return true
  }

  async #copy(target: string, digest: string, mode: number): Promise<void> {
    const content = await readFile(this.#source)
    if (digestOf(content) !== digest) throw corrupt(this.#source, 'changed while we read it')
    try {
      await writeAtomically(target, content, { mode, inspect: (copy) => this.#inspect(copy, target, digest) })
    } catch (error) {
      throw error instanceof InstallError && error.code === 'READ_ONLY' ? readOnly(target, error) : error
    }
  }

  async #inspect(copy: string, target: string, digest: string): Promise<void> {
    if ((await digestOfFile(copy)) !== digest) throw corrupt(target, 'the copy differs from the original')
    await this.#prove(copy, target, digest)
  }

  async #prove(program: string, target: string, digest: string): Promise<void> {
    try {
      await supportedVersions(program)
    } catch (cause) {
      throw new InstallError('PLUGIN_BROKEN', `the plugin does not run at ${target}: ${messageOf(cause)}`, {
        path: target,
        cause,
      })
    }
    this.#proven.add(`${target} ${digest}`)
  }

  async #digestOf(path: string): Promise<string> {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    const version = `${ino} ${size} ${mtimeNs} ${ctimeNs}`
    const known = this.#digests.get(path)
    if (known?.version === version) return known.digest
    const digest = await digestOfFile(path)
    this.#digests.set(path, { version, digest })
    return digest
  }
}

function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** In pieces, so that the agent does not grow by the size of the plugin for good. */
export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}

function corrupt(path: string, why: string): InstallError {
  return new InstallError('CHANGED_MEANWHILE', `cannot copy the plugin to ${path}: ${why}`, { path })
}

function readOnly(target: string, cause: InstallError): InstallError {
  const message = `${cause.message}. On this node CNI plugins live elsewhere: set global.platform (gke, k3s, k3d, microk8s, minikube, openshift, …) when installing, or cniBinDir to the directory that the container runtime uses`
  return new InstallError('READ_ONLY', message, { path: target, cause })
}
