import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  compatibilityVersions,
  defaultValues,
  type Layer,
  parseValues,
  platforms,
  profiles,
} from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'

type Tree = Readonly<Record<string, unknown>>

const recorded: { readonly defaults: Tree; readonly profiles: Readonly<Record<string, Tree>> } = JSON.parse(
  await readFile(join(import.meta.dirname, 'data/chart/_values.json'), 'utf8'),
)

/** Defaults that differ on purpose: docs/reference/differences.md, "The chart's values". */
const OTHER_DEFAULTS: Readonly<Record<string, unknown>> = {
  'global.hub': '',
  'global.tag': '',
  'seccompProfile.type': 'RuntimeDefault',
}

/** What a layer sets otherwise on purpose, as the original sets it and as we do. */
const OTHER_LAYERS: Readonly<Record<string, readonly [original: Tree, ours: Tree]>> = {
  ambient: [{ 'global.variant': 'distroless' }, {}],
  'platform-gke': [{ cniBinDir: '' }, { cniBinDir: '/home/kubernetes/bin' }],
}

/** Where both lists are written down for readers. */
const differences = await readFile(join(import.meta.dirname, '../../docs/reference/differences.md'), 'utf8')
const [chapter = ''] = differences.split("## The chart's values")[1]?.split('\n## ') ?? []

/** Values of other charts, which the recorded profiles set too. */
const OF_OTHERS = /^global\.(proxy|waypoint|omitSidecarInjectorConfigMap)/

/** Path → value, lists and empty maps being values. */
function leaves(tree: object, prefix = ''): Record<string, unknown> {
  const entries = Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 0
      ? Object.entries(leaves(value, `${prefix}${key}.`))
      : [[prefix + key, value] as const],
  )
  return Object.fromEntries(entries)
}

const ours: Readonly<Record<string, Layer>> = {
  ...profiles,
  ...named('compatibility-version', compatibilityVersions),
  ...named('platform', platforms),
}

function named(kind: string, layers: Readonly<Record<string, Layer>>): Record<string, Layer> {
  return Object.fromEntries(Object.entries(layers).map(([name, layer]) => [`${kind}-${name}`, layer]))
}

describe("the chart's values", () => {
  it("have the original's names and defaults", () => {
    const defaults = leaves(defaultValues)
    for (const [path, value] of Object.entries(leaves(recorded.defaults))) {
      if (path === 'seccompProfile') continue
      expect(defaults[path], path).toEqual(OTHER_DEFAULTS[path] ?? value)
    }
    expect(defaults).toMatchObject(OTHER_DEFAULTS)
  })

  it.each(Object.keys(recorded.profiles))('have the profile %s', (name) => {
    const { cni = {}, ...root } = recorded.profiles[name] as { cni?: object }
    const [without, instead] = OTHER_LAYERS[name] ?? [{}, {}]
    const expected = Object.entries({ ...leaves(root), ...leaves(cni) }).filter(
      ([path, value]) => !OF_OTHERS.test(path) && without[path] !== value,
    )
    expect(leaves(ours[name] ?? { missing: true })).toEqual({ ...Object.fromEntries(expected), ...instead })
  })

  it('differ in nothing that is not written down', () => {
    const layers = Object.values(OTHER_LAYERS).flatMap((pair) => pair.flatMap(Object.keys))
    const sections = Object.keys(OTHER_DEFAULTS).map((path) => path.replace(/\.type$/, ''))
    for (const path of [...sections, ...layers]) expect(chapter, path).toContain(`\`${path}`)
  })

  it("let every value of the original's pass", () => {
    expect(parseValues(recorded.defaults)).toBe(recorded.defaults)
    expect(() => parseValues({ cni: { ...recorded.defaults, global: undefined } })).not.toThrow()
  })
})
