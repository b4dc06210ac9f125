import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { isObject } from '../json.ts'
import { anyValues } from './arbitrary.fixture.ts'
import { defaultValues } from './defaults.ts'
import { parseValues } from './parse.ts'
import { resolveValues } from './resolve.ts'
import type { OwnValuesInput, ValuesInput } from './values.ts'

// Random values take their time on a machine that has others to run too.
vi.setConfig({ testTimeout: 30_000 })

const RUNS = { numRuns: 30 }

type Leaf = readonly [path: readonly string[], value: unknown]

/** Everything in a tree that is no map; in maps, null is there to take away. */
function leaves(tree: object, path: readonly string[] = []): Leaf[] {
  return Object.entries(tree).flatMap(([key, value]): Leaf[] =>
    isObject(value) ? leaves(value, [...path, key]) : [[[...path, key], value]],
  )
}

function at(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (part, key) => (isObject(part) && Object.hasOwn(part, key) ? part[key] : undefined),
    tree,
  )
}

function frozen<Tree>(tree: Tree): Tree {
  if (typeof tree === 'object' && tree !== null) {
    for (const part of Object.values(tree)) frozen(part)
    Object.freeze(tree)
  }
  return tree
}

/** What null took away would come back from the defaults. */
function withoutNull(tree: object): object {
  return JSON.parse(JSON.stringify(tree), (_, value) => value ?? undefined) as object
}

const isMerged = ([[first, second]]: Leaf) => first === 'imagePullSecrets' || second === 'imagePullSecrets'
/** Null takes away; a tag becomes text. */
const resolvedFrom = (path: readonly string[], value: unknown): unknown =>
  path.at(-1) === 'tag' && path[0] !== 'repair' ? String(value) : (value ?? undefined)
const ownOf = ({
  cni,
  global,
  profile,
  platform,
  compatibilityVersion,
  ...own
}: ValuesInput): OwnValuesInput => own

describe('resolveValues', () => {
  it('gives the defaults when nothing is said', () => {
    expect(resolveValues({})).toEqual(defaultValues)
  })

  it('lets what the user wrote win over every profile, whatever else is written', () => {
    const law = fc.property(anyValues(), (input) => {
      const values = resolveValues(input)
      const { cni = {}, global = {} } = input
      const { profile, platform, ...shared } = global
      const atRoot = leaves(ownOf(input)).filter(
        (leaf) => at(cni, leaf[0]) === undefined && !isReplaced(cni, leaf),
      )
      const given = [...atRoot, ...leaves(cni), ...leaves({ global: shared })].filter(
        (leaf) => !isMerged(leaf),
      )
      const resolved = given.map(([path]): Leaf => [path, at(values, path)])
      expect(resolved).toEqual(given.map(([path, value]) => [path, resolvedFrom(path, value)]))
    })
    fc.assert(law, RUNS)
  })

  it('takes values at the root and under cni for the same', () => {
    const law = fc.property(anyValues(), ({ cni: _, ...input }) => {
      const { global, profile, platform, compatibilityVersion } = input
      const choices = { global, profile, platform, compatibilityVersion }
      expect(resolveValues({ ...choices, cni: ownOf(input) })).toEqual(resolveValues(input))
    })
    fc.assert(law, RUNS)
  })

  it('changes nothing that is resolved already', () => {
    const law = fc.property(anyValues(), (input) => {
      // What null took away would come back from the defaults.
      const values = resolveValues(withoutNull(input) as ValuesInput)
      expect(resolveValues(values)).toEqual(values)
      expect(parseValues(values)).toBe(values)
    })
    fc.assert(law, RUNS)
  })

  it('changes neither its input nor the defaults, and shares nothing with them', () => {
    const before = JSON.stringify(defaultValues)
    const law = fc.property(anyValues(), (input) => {
      const parts = new Set<unknown>()
      JSON.stringify([frozen(input), defaultValues], (_, part) => parts.add(part) && part)
      JSON.stringify(resolveValues(input), (_, part) => {
        if (typeof part === 'object' && part !== null) expect(parts).not.toContain(part)
        return part
      })
      expect(JSON.stringify(defaultValues)).toBe(before)
    })
    fc.assert(law, { numRuns: 15 })
  })

  it('takes a profile, a platform and a release together, platform last', () => {
    expect(
      resolveValues({ profile: 'ambient', compatibilityVersion: '1.25', platform: 'openshift' }),
    ).toMatchObject({
      ambient: { enabled: true, reconcileIptablesOnStartup: false, shareHostNetworkNamespace: true },
      provider: 'multus',
      platform: 'openshift',
    })
  })

  it('believes a choice at the root before one under global, and takes an empty one for none', () => {
    expect(resolveValues({ platform: 'k3s', global: { platform: 'gke' } }).platform).toBe('k3s')
    expect(resolveValues({ platform: '', global: { platform: 'gke' } }).cniBinDir).toBe(
      '/home/kubernetes/bin',
    )
    expect(resolveValues({ global: { profile: 'ambient' } }).ambient.enabled).toBe(true)
  })

  it('merges maps key by key, replaces lists, and takes away what is null', () => {
    const values = resolveValues({
      platform: 'openshift',
      excludeNamespaces: ['a'],
      podLabels: { kept: 'x', gone: 'y' },
      resources: { limits: { memory: '1Gi' }, requests: { cpu: null } },
      cni: { podLabels: { gone: null, added: 'z' }, seLinuxOptions: { level: 's0' } },
    })
    expect(values.excludeNamespaces).toEqual(['a'])
    expect(values.podLabels).toEqual({ kept: 'x', added: 'z' })
    expect(values.resources).toEqual({ limits: { memory: '1Gi' }, requests: { memory: '100Mi' } })
    expect(values.seLinuxOptions).toEqual({ type: 'spc_t', level: 's0' })
  })

  it('takes null for nothing, and for no list, wherever it stands in the place of a value', () => {
    const input = {
      cni: null,
      global: null,
      ambient: { probeAddress: null, dnsCapture: null },
      updateStrategy: null,
    }
    expect(
      resolveValues(parseValues({ ...input, tag: null, profile: null, compatibilityVersion: null })),
    ).toEqual(defaultValues)
    expect(resolveValues(parseValues({ tolerations: null, cni: { excludeNamespaces: null } }))).toEqual({
      ...defaultValues,
      tolerations: [],
      excludeNamespaces: [],
    })
  })

  it('puts the pull secrets of all places together, each once, by name', () => {
    const secrets = resolveValues({
      imagePullSecrets: [{ name: 'b' }, 'a'],
      cni: { imagePullSecrets: ['c', 'b'] },
      global: { imagePullSecrets: ['a'] },
    }).imagePullSecrets
    expect(secrets).toEqual(['a', 'b', 'c'])
  })

  it('leaves the values of other charts out', () => {
    const values = resolveValues({ pilot: { env: {} }, global: { istioNamespace: 'mesh', proxy: {} } })
    expect(values).toEqual(defaultValues)
  })

  it('takes a whole number for a tag, as --set gives it', () => {
    expect(resolveValues(parseValues({ cni: { tag: 1 }, global: { tag: 20261124 } }))).toMatchObject({
      tag: '1',
      global: { tag: '20261124' },
    })
    expect(() => parseValues({ tag: 1.3 })).toThrow('in quotes')
  })

  it('refuses a profile that nobody knows', () => {
    const input = { profile: 'ambiant' } as unknown as ValuesInput
    expect(() => resolveValues(input)).toThrow(/profile="ambiant".*did you mean ambient/)
  })
})

/** Whether what the user wrote under cni stands in the place of this value, or of a map around it. */
function isReplaced(cni: object, [path]: Leaf): boolean {
  const around = path.map((_, index) => at(cni, path.slice(0, index + 1)))
  return around.some((value) => value !== undefined && !isObject(value))
}
