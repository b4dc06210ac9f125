// Programs from a go.mod of ours: built when the cache has none of exactly that go.mod and those variables.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bringGo, goEnvironment } from './go.ts'
import { clusterCache } from './layout.ts'
import { runLoudly } from './run-loudly.ts'

/** Variables of packages, as a release sets them when it is linked. */
export type Variables = Readonly<Record<string, string>>

export class GoModule {
  readonly #directory: string
  readonly #packages: Readonly<Record<string, string>>
  readonly #variables: Variables

  /** @param directory of go.mod and go.sum @param packages by the names of their programs */
  constructor(directory: string, packages: Readonly<Record<string, string>>, variables: Variables = {}) {
    this.#directory = directory
    this.#packages = packages
    this.#variables = variables
  }

  get programs(): readonly string[] {
    return Object.keys(this.#packages)
  }

  /** Where those are that are built from the present go.mod, whether they are there yet or not. */
  async builtDirectory(): Promise<string> {
    const names = ['go.mod', 'go.sum']
    const files = await Promise.all(names.map((name) => readFile(join(this.#directory, name))))
    const hash = createHash('sha256').update(Buffer.concat(files)).update(this.#linkerFlags.join(' '))
    return join(clusterCache, 'tools', hash.digest('hex').slice(0, 16))
  }

  get #linkerFlags(): readonly string[] {
    return Object.entries(this.#variables).map(([name, value]) => `-X ${name}=${value}`)
  }

  /** Of those programs, the ones that still have to be built. */
  async unbuilt(programs: readonly string[]): Promise<readonly string[]> {
    const directory = await this.builtDirectory()
    return programs.filter((name) => !existsSync(join(directory, name)))
  }

  /** @returns the directory of those programs, once all of them are built */
  async build(programs: readonly string[]): Promise<string> {
    const directory = await this.builtDirectory()
    const missing = await this.unbuilt(programs)
    if (missing.length > 0) await this.#build(missing, directory)
    return directory
  }

  async #build(programs: readonly string[], directory: string): Promise<void> {
    const go = await bringGo()
    const unfinished = `${directory}.${process.pid}.part`
    await mkdir(directory, { recursive: true })
    await mkdir(unfinished, { recursive: true })
    try {
      const packages = programs.map((name) => this.#packages[name] ?? '')
      // -s -w: a third less to link and to load. nice: an hour's work of a machine that may have others to do.
      const flags = ['-s', '-w', ...this.#linkerFlags].join(' ')
      const build = [go, 'build', '-trimpath', `-ldflags=${flags}`, '-o', `${unfinished}/`, ...packages]
      await runLoudly('nice', ['-n', '19', ...build], {
        cwd: this.#directory,
        env: { ...goEnvironment(go), CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
      })
      for (const [name, path] of Object.entries(this.#packages))
        if (programs.includes(name))
          await rename(join(unfinished, path.split('/').at(-1) ?? name), join(directory, name))
    } finally {
      await rm(unfinished, { recursive: true, force: true })
    }
  }
}
