import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { ApiServer } from './api-server.ts'
import { chartDirectory } from './helm.ts'
import { recordedNames, recordedRelease, writeOriginalChart, yaml11 } from './original-chart.ts'
import { type DaemonSet, objectsOf } from './rendered.ts'

let server: ApiServer
let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'chart-release-'))
  server = await ApiServer.start()
})

afterEach(() => server.run('helm', 'uninstall', 'istio-cni', ...inNamespace, '--ignore-not-found'))

afterAll(async () => {
  await server?.stop()
  await rm(scratch, { recursive: true })
})

const daemonSet = async () =>
  (await server.get('daemonset', 'istio-cni-node')) as DaemonSet & {
    readonly metadata: { readonly uid: string }
  }
const inNamespace = ['-n', 'istio-system']

/** Which helm made the release, and which upgrades it. */
const helms = [
  { before: 'helm', after: 'helm' },
  { before: 'helm', after: 'helm4' },
  { before: 'helm4', after: 'helm4' },
] as const

/** All recordings with a DaemonSet; the one without is half of a release. */
const upgrades = recordedNames
  .filter((name) => name !== 'scope-cluster')
  .map((name, at) => ({ name, ...(helms[at % helms.length] ?? helms[0]) }))

describe("the original's release", () => {
  it.each(upgrades)(
    'with the values of $name is upgraded in place ($before, $after), rolled back and uninstalled',
    async ({ name, before, after }) => {
      const empty = await server.everything()
      const { values, objects } = await recordedRelease(name)
      const original = join(scratch, name)
      await writeOriginalChart(original, objects)
      const valuesFile = join(scratch, `${name}.yaml`)
      await writeFile(valuesFile, stringify(values, yaml11))

      await server.output(before, 'install', 'istio-cni', original, ...inNamespace)
      const theirs = await daemonSet()

      await server.output(after, 'upgrade', 'istio-cni', chartDirectory, ...inNamespace, '-f', valuesFile)
      const ours = await daemonSet()
      expect(ours.metadata.uid).toBe(theirs.metadata.uid)
      expect(ours.metadata.labels?.['helm.sh/chart']).not.toBe(theirs.metadata.labels?.['helm.sh/chart'])
      expect(ours.spec.selector).toEqual(theirs.spec.selector)

      await server.output(after, 'rollback', 'istio-cni', '1', ...inNamespace)
      const again = await daemonSet()
      expect(again.metadata.uid).toBe(theirs.metadata.uid)
      expect(again.spec).toEqual(theirs.spec)

      await server.output(after, 'uninstall', 'istio-cni', ...inNamespace)
      expect(await server.everything()).toEqual(empty)
    },
  )

  it('in two halves, each a release of its own, is upgraded half by half', async () => {
    const helm = (...args: string[]) => server.output('helm', ...args, ...inNamespace)
    const empty = await server.everything()
    const halves = ['cluster', 'namespace'].map((scope) => ({
      name: scope === 'namespace' ? 'istio-cni' : 'istio-cni-of-the-cluster',
      original: join(scratch, `scope-${scope}`),
      set: ['--set', `global.resourceScope=${scope}`],
      recording: `scope-${scope}`,
    }))
    for (const { name, original, recording } of halves) {
      await writeOriginalChart(original, (await recordedRelease(recording)).objects)
      await helm('install', name, original)
    }
    const theirs = await daemonSet()
    for (const { name, set } of halves.toReversed()) await helm('upgrade', name, chartDirectory, ...set)
    const ours = await daemonSet()
    expect(ours.metadata.uid).toBe(theirs.metadata.uid)
    expect(ours.metadata.labels?.['helm.sh/chart']).not.toBe(theirs.metadata.labels?.['helm.sh/chart'])
    const account = 'system:serviceaccount:istio-system:istio-cni'
    const may = await server.kubectl('auth', 'can-i', 'list', 'pods', '--all-namespaces', '--as', account)
    expect(may.trim()).toBe('yes')
    for (const { name } of halves) await helm('uninstall', name)
    expect(await server.everything()).toEqual(empty)
  })

  it.each(['--reuse-values', '--reset-then-reuse-values'])(
    'is upgraded with %s to what the chart makes of its values',
    async (reuse) => {
      const { objects } = await recordedRelease('ambient-enabled')
      const original = join(scratch, `original${reuse}`)
      await writeOriginalChart(original, objects)
      const helm = (...args: string[]) => server.output('helm', ...args, ...inNamespace)
      const set = ['--set', 'ambient.enabled=true']
      // The original's image and its tag are defaults of its chart: reused like any other.
      const image = ['--set', 'image=dhi.io/istio-install-cni:1.30.3,tag=1.30.3']
      await helm('install', 'istio-cni', original, ...set)
      await helm('upgrade', 'istio-cni', chartDirectory, reuse, ...image)
      const upgraded = objectsOf(await helm('get', 'manifest', 'istio-cni'))
      await helm('upgrade', 'istio-cni', chartDirectory, '--reset-values', ...set, ...image)
      expect(upgraded).toEqual(objectsOf(await helm('get', 'manifest', 'istio-cni')))
    },
  )
})
