// The printed chart and the constructs are one definition in two forms: whatever a user writes, both make the same of it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { App, Chart } from 'cdk8s'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { ISTIO_VERSION, parseValues, resolveValues } from '../../packages/config-schema/src/index.ts'
import { anyFile, anyValues } from '../../packages/config-schema/src/values/arbitrary.fixture.ts'
import { written } from '../../packages/config-schema/src/values/model/written.ts'
import { provideContext } from '../../packages/constructs/src/helm/index.ts'
import { IstioCni } from '../../packages/constructs/src/index.ts'
import { chartTree } from '../../synth/src/chart.ts'
import { Helm } from './helm.ts'
import { mutated } from './mutated.ts'
import { chartPrograms } from './programs.ts'
import { identity, type KubernetesObject } from './rendered.ts'
import { Umbrella } from './umbrella.ts'

const scratch = await mkdtemp(join(tmpdir(), 'chart-equality-'))
afterAll(() => rm(scratch, { recursive: true }))

const directory = join(scratch, 'cni')
for (const [path, text] of chartTree()) {
  await mkdir(dirname(join(directory, path)), { recursive: true })
  await writeFile(join(directory, path), text)
}

const programs = await chartPrograms()
const helms = [new Helm(programs.helm, scratch), new Helm(programs.helm4, scratch)]
const umbrella = new Umbrella(directory, scratch)

/** With both helms at once. */
const rendered = (sets: readonly unknown[]) =>
  Promise.all(
    helms.map((helm) => umbrella.render(helm, sets, '-n', 'istio-system', '--kube-version', '1.34.0')),
  )

/** @param name of the chart; the label `helm.sh/chart` has it */
function synthesized(values: unknown, name: string): readonly KubernetesObject[] {
  const chart = new Chart(new App(), 'chart', { namespace: 'istio-system' })
  provideContext(chart, {
    mode: 'evaluate',
    context: {
      values: resolveValues(parseValues(values)),
      release: { name: 'istio-cni', namespace: 'istio-system', service: 'Helm', revision: 1 },
      chart: { name, version: ISTIO_VERSION, appVersion: ISTIO_VERSION },
    },
  })
  const { apiObjects } = new IstioCni(chart, 'istio-cni')
  return apiObjects.map((object) => plain(object.toJson()) as KubernetesObject)
}

/** As a file has it. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const byIdentity = (objects: readonly KubernetesObject[]) =>
  Object.fromEntries(objects.map((object) => [identity(object), withSortedSelectors(object)]))

/** Go sorts some keys, of those with digits, now so and now so: 07.a < 0h < 3 < 07.a. Their lines are compared sorted. */
function withSortedSelectors(object: KubernetesObject): KubernetesObject {
  const { data } = object as { readonly data?: Readonly<Record<string, string>> }
  const selectors = data?.AMBIENT_ENABLEMENT_SELECTOR
  if (selectors === undefined) return object
  return {
    ...object,
    data: { ...data, AMBIENT_ENABLEMENT_SELECTOR: selectors.split('\n').sort().join('\n') },
  }
}

/** A failure is cut down for no longer than this. */
const limit = { interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true }

/** Many sets of values: on failure it is cut down to one. cdk8s takes the key __proto__ for something else. */
const many = (values: fc.Arbitrary<unknown>) =>
  fc
    .array(
      values.filter((each) => !JSON.stringify(each).includes('__proto__')),
      { minLength: 1, maxLength: 40, size: 'max' },
    )
    .map((sets) => plain(sets) as unknown[])

describe('the chart and the constructs', () => {
  it('make the same objects of any values', async () => {
    let compared = 0
    const property = fc.asyncProperty(many(anyFile()), async (sets) => {
      const expected = sets.map((values, index) => byIdentity(synthesized(values, `set${index}`)))
      for (const results of await rendered(sets)) {
        const found = results.map((result) => ('objects' in result ? byIdentity(result.objects) : result))
        for (const [index, values] of sets.entries())
          expect({ values, objects: found[index] }).toEqual({ values, objects: expected[index] })
      }
      compared += sets.length
    })
    await fc.assert(property, { ...limit, numRuns: 10 })
    expect(compared).toBeGreaterThan(100)
  })

  it('refuse the same values', async () => {
    let refused = 0
    const property = fc.asyncProperty(many(mutated(anyValues())), async (sets) => {
      const expected = sets.map((values) => ({ values, isRefused: !isUsable(values) }))
      for (const results of await rendered(sets))
        expect(
          sets.map((values, index) => ({ values, isRefused: 'refusal' in (results[index] ?? {}) })),
        ).toEqual(expected)
      refused += expected.filter(({ isRefused }) => isRefused).length
    })
    await fc.assert(property, { ...limit, numRuns: 10 })
    expect(refused).toBeGreaterThan(50)
  })
})

function isUsable(values: unknown): boolean {
  try {
    resolveValues(parseValues(withoutForeignGlobals(values)))
    return true
  } catch {
    return false
  }
}

/** Helm renders them within a chart of charts, where `global` is for all. */
function withoutForeignGlobals(values: unknown): unknown {
  const { global, ...rest } = values as { readonly global?: unknown }
  if (typeof global !== 'object' || global === null || Array.isArray(global)) return values
  const known = Object.keys(written.global.members)
  return {
    ...rest,
    global: Object.fromEntries(Object.entries(global).filter(([key]) => known.includes(key))),
  }
}
