// One chart that has another one many times, each with values of its own: one process of helm renders them all.
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Helm } from './helm.ts'
import { type KubernetesObject, objectsOf } from './rendered.ts'

/** What became of each set of values: its objects, or why it was refused. */
export type Rendered = readonly (
  | { readonly objects: readonly KubernetesObject[] }
  | { readonly refusal: string }
)[]

/** Directories of umbrellas, by how often they have the chart. */
export class Umbrella {
  readonly #chart: string
  readonly #scratch: string
  readonly #directories = new Map<number, Promise<string>>()

  /**
   * @param chart directory of the chart
   * @param scratch a directory for what this writes
   */
  constructor(chart: string, scratch: string) {
    this.#chart = chart
    this.#scratch = scratch
  }

  /** @throws when helm refuses for another reason than the values of some of them */
  async render(helm: Helm, sets: readonly unknown[], ...flags: readonly string[]): Promise<Rendered> {
    const umbrella = await this.#directory(sets.length)
    const values = join(await mkdtemp(join(this.#scratch, 'values-')), 'values.json')
    await writeFile(
      values,
      JSON.stringify(Object.fromEntries(sets.map((set, index) => [nameOf(index), set]))),
    )
    const { code, stdout, stderr } = await helm.run('template', 'istio-cni', umbrella, ...flags, '-f', values)
    if (code === 0) return sets.map((_, index) => ({ objects: objectsOf(sourcesOf(stdout, nameOf(index))) }))
    const refusals = refusalsIn(stderr)
    if (refusals.size === 0) throw new Error(`helm ended with ${code}: ${stderr}`)
    return sets.map((_, index) => {
      const refusal = refusals.get(nameOf(index))
      return refusal === undefined ? { objects: [] } : { refusal }
    })
  }

  #directory(size: number): Promise<string> {
    const known = this.#directories.get(size)
    const directory = known ?? this.#make(size)
    this.#directories.set(size, directory)
    return directory
  }

  async #make(size: number): Promise<string> {
    const directory = join(this.#scratch, `umbrella-${size}`)
    await mkdir(join(directory, 'charts'), { recursive: true })
    await cp(this.#chart, join(directory, 'charts/cni'), { recursive: true })
    const dependencies = Array.from({ length: size }, (_, index) => ({
      name: 'cni',
      alias: nameOf(index),
      version: '>=0.0.0-0',
    }))
    const chart = { apiVersion: 'v2', name: 'umbrella', version: '1.0.0', dependencies }
    await writeFile(join(directory, 'Chart.yaml'), JSON.stringify(chart))
    return directory
  }
}

const nameOf = (index: number): string => `set${index}`

/** The documents of one of the charts. */
const sourcesOf = (stdout: string, name: string): string =>
  stdout
    .split(/^---\n(?=# Source: )/m)
    .filter((document) => document.startsWith(`# Source: umbrella/charts/${name}/`))
    .map((document) => `---\n${document}`)
    .join('')

/** Helm's JSON schema validation names every chart whose values it refuses, each with its reasons below. */
const refusalsIn = (stderr: string): Map<string, string> =>
  new Map(
    [...stderr.matchAll(/^(set\d+):\n((?:[-\s].*\n?)*)/gm)].map(([, name = '', reasons = '']) => [
      name,
      reasons,
    ]),
  )
