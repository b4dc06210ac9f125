import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseValues, resolveValues } from '@istio-install-cni/config-schema'
import { IstioCni } from '@istio-install-cni/constructs'
import { provideContext } from '@istio-install-cni/constructs/helm'
import { App, Chart } from 'cdk8s'
import { describe, expect, it } from 'vitest'
import { describes, intendedDifferences } from './chart-differences.ts'
import { type Difference, differencesBetween, factsOf, type KubernetesObject } from './chart-facts.ts'

interface Recording {
  readonly name: string
  readonly values: object
  readonly release: { readonly name: string; readonly namespace: string }
  readonly objects: readonly KubernetesObject[]
}

const directory = join(import.meta.dirname, 'data/chart')
const recordings: readonly Recording[] = readdirSync(directory)
  .filter((file) => !file.startsWith('_'))
  .map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')))
const { paths, values } = intendedDifferences()

/** As the original's chart, version 1.0.0, in a release of Helm. */
function ours({ values, release }: Recording): readonly KubernetesObject[] {
  const chart = new Chart(new App(), 'conformance')
  provideContext(chart, {
    mode: 'evaluate',
    context: {
      values: resolveValues(parseValues(values)),
      release: { ...release, service: 'Helm' },
      chart: { name: 'cni', version: '1.0.0', appVersion: '1.0.0' },
    },
  })
  new IstioCni(chart, 'cni')
  return chart.toJson() as KubernetesObject[]
}

/** `{ a: { b: 1 }, c: 2 }` as `a.b=1,c=2`. */
function written(values: object, parent = ''): string {
  return Object.entries(values)
    .map(([key, value]) =>
      typeof value === 'object' ? written(value, `${parent}${key}.`) : `${parent}${key}=${value}`,
    )
    .join(',')
}

/** What the original renders where it does what the user says: recorded, or recorded with no values at all. */
function expected(recording: Recording): Recording {
  if (!values.some(({ where }) => where === written(recording.values))) return recording
  const plain = recordings.find(({ values }) => Object.keys(values).length === 0)
  if (plain === undefined) throw new Error('there is no recording without values')
  return plain
}

function differences(recording: Recording): Difference[] {
  return differencesBetween(factsOf(expected(recording).objects), factsOf(ours(recording)))
}

describe("the constructs' objects, compared with the original's chart", () => {
  it.each(recordings)('differ with the values $name only as the reference says', (recording) => {
    const unlisted = differences(recording).filter((found) => !paths.some((row) => describes(row, found)))
    expect(unlisted).toEqual([])
  })

  it('show every difference that the reference lists, each with its reason', () => {
    const found = recordings.flatMap(differences)
    expect(paths.filter((row) => !found.some((difference) => describes(row, difference)))).toEqual([])
    const given = recordings.map((recording) => written(recording.values))
    expect(values.filter(({ where }) => !given.includes(where))).toEqual([])
    expect([...paths, ...values].filter(({ because }) => because === '')).toEqual([])
  })
})
