// A container as a kubelet's runtime starts it, without the kubelet: runc, on an overlay of the image.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '../testbed/commands.ts'
import { everyCapability } from './every-capability.ts'
import type { UnpackedImage } from './unpacked-image.ts'

/** What a manifest's securityContext makes of a container; by default what the image says, without a capability. */
export interface Confinement {
  /** runAsUser, runAsGroup */
  readonly user?: number
  /** drop: [ALL], add; or all of them, as with `privileged` */
  readonly capabilities?: 'all' | readonly string[]
  readonly allowPrivilegeEscalation?: boolean
  readonly readOnlyRootFilesystem?: boolean
}

export interface Mount {
  readonly from: string
  readonly to: string
  /** Sees what the node mounts there later. */
  readonly hostToContainer?: true
}

export interface ContainerOptions {
  readonly confinement?: Confinement
  readonly args?: readonly string[]
  /** Instead of the image's. */
  readonly entrypoint?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly mounts?: readonly Mount[]
  /** Path of its network namespace; by default a new one. */
  readonly network?: string
}

let started = 0

export class Container {
  readonly #id: string
  readonly #directory: string
  readonly #process: ChildProcess
  #stdout = ''
  #stderr = ''

  private constructor(id: string, directory: string) {
    this.#id = id
    this.#directory = directory
    this.#process = spawn('runc', this.#runc('run', '--bundle', directory, id), {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
  }

  static async start(image: UnpackedImage, options: ContainerOptions = {}): Promise<Container> {
    const directory = await mkdtemp(join(image.directory, 'container-'))
    const [upper, work, root] = ['upper', 'work', 'root'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ]
    // The machine's own root may be an overlay, and be no good for another's upper directory.
    await command('mount', '-t', 'tmpfs', 'tmpfs', directory)
    for (const path of [upper, work, root]) await mkdir(path)
    const layers = `lowerdir=${image.root},upperdir=${upper},workdir=${work}`
    await command('mount', '-t', 'overlay', '-o', layers, 'overlay', root)
    await writeFile(join(directory, 'config.json'), JSON.stringify(runtimeConfig(image, root, options)))
    return new Container(`image-test-${process.pid}-${++started}`, directory)
  }

  get stdout(): string {
    return this.#stdout
  }

  get output(): string {
    return this.#stdout + this.#stderr
  }

  /** @returns the exit code, once it has ended */
  async ended(): Promise<number | null> {
    if (this.#process.exitCode === null) await once(this.#process, 'close')
    return this.#process.exitCode
  }

  /** To its first process. */
  async signal(name: string): Promise<void> {
    await command('runc', ...this.#runc('kill', this.#id, name))
  }

  /** Executes a program in it. @returns its stdout */
  exec(...args: readonly string[]): Promise<string> {
    return command('runc', ...this.#runc('exec', this.#id, ...args))
  }

  async close(): Promise<void> {
    await command('runc', ...this.#runc('delete', '--force', this.#id)).catch(() => {})
    await this.ended()
    await command('umount', join(this.#directory, 'root'))
    await command('umount', this.#directory)
    await rmdir(this.#directory)
  }

  #runc(...args: readonly string[]): string[] {
    return ['--root', join(this.#directory, 'state'), ...args]
  }
}

/** Runs a container to its end. */
export async function run(
  image: UnpackedImage,
  options: ContainerOptions,
): Promise<{ readonly exit: number | null; readonly stdout: string; readonly output: string }> {
  const container = await Container.start(image, options)
  try {
    const exit = await container.ended()
    return { exit, stdout: container.stdout, output: container.output }
  } finally {
    await container.close()
  }
}

function runtimeConfig({ config }: UnpackedImage, root: string, options: ContainerOptions): object {
  const { confinement = {}, args = config.Cmd ?? [], entrypoint = config.Entrypoint, mounts = [] } = options
  const id = confinement.user ?? Number(config.User.split(':')[0])
  const granted = confinement.capabilities ?? []
  const capabilities = granted === 'all' ? everyCapability() : granted.map((name) => `CAP_${name}`)
  const env = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`)
  const system = ['nosuid', 'noexec', 'nodev']
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: id, gid: id },
      args: [...entrypoint, ...args],
      env: [...config.Env, ...env],
      cwd: '/',
      // As containerd and CRI-O have it: nothing inheritable.
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: confinement.allowPrivilegeEscalation === false,
    },
    root: { path: root, readonly: confinement.readOnlyRootFilesystem ?? false },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: system },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...system, 'ro'] },
      ...mounts.map(({ from, to, hostToContainer }) => ({
        destination: to,
        type: 'bind',
        source: from,
        options: ['rbind', hostToContainer ? 'rslave' : 'rprivate'],
      })),
    ],
    linux: {
      namespaces: [
        ...['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })),
        { type: 'network', ...(options.network !== undefined && { path: options.network }) },
      ],
    },
  }
}
