// A chart that renders what the original's chart was recorded to render.
import { readdirSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { stringify } from 'yaml'
import type { KubernetesObject } from './rendered.ts'

const recordings = join(import.meta.dirname, '../conformance/data/chart')
/** As helm reads it: there a bare `yes` is a boolean. */
export const yaml11 = { version: '1.1' } as const

export interface RecordedRelease {
  readonly values: object
  readonly objects: readonly KubernetesObject[]
}

/** The release `istio-cni` in `istio-system`. @param name of the recording, a set of values */
export async function recordedRelease(name: string): Promise<RecordedRelease> {
  return JSON.parse(await readFile(join(recordings, `${name}.json`), 'utf8')) as RecordedRelease
}

/** Names of all recordings. */
export const recordedNames: readonly string[] = readdirSync(recordings)
  .map((file) => basename(file, '.json'))
  .filter((name) => !name.startsWith('_'))

/** As `helm show values` tells them. */
async function originalDefaults(): Promise<object> {
  const { defaults } = JSON.parse(await readFile(join(recordings, '_values.json'), 'utf8')) as {
    readonly defaults: object
  }
  return defaults
}

/** Under the original's name, version and default values, with its objects as they are: whatever values it is given. */
export async function writeOriginalChart(
  directory: string,
  objects: readonly KubernetesObject[],
): Promise<void> {
  await mkdir(join(directory, 'templates'), { recursive: true })
  await writeFile(
    join(directory, 'Chart.yaml'),
    stringify({ apiVersion: 'v2', name: 'cni', version: '1.0.0' }),
  )
  await writeFile(
    join(directory, 'values.yaml'),
    stringify({ _internal_defaults_do_not_set: await originalDefaults() }),
  )
  const text = objects.map((object) => stringify(object, yaml11)).join('---\n')
  await writeFile(join(directory, 'templates/all.yaml'), text.replaceAll('{{', '{{ "{{" }}'))
}
