import { nearest } from '../nearest.ts'
import { defaultValues } from './defaults.ts'
import { ValuesError } from './errors.ts'
import { compatibilityVersions } from './layers/compatibility-versions.ts'
import type { Layer } from './layers/layer.ts'
import { platforms } from './layers/platforms.ts'
import { profiles } from './layers/profiles.ts'
import { overlaid } from './merge.ts'
import { model } from './model/model.ts'
import { isSection, type Members } from './model/row.ts'
import type { Values, ValuesInput } from './values.ts'

/**
 * Defaults, overlaid with profile, compatibility version, platform, the user's values at the root, and those under
 * `cni`: what the user wrote goes before every profile, wherever it stands.
 * @throws {ValuesError} when a profile, a platform or a compatibility version is not known.
 */
export function resolveValues(input: ValuesInput): Values {
  const { cni: inCni, ...root } = input
  const cni = inCni ?? {}
  const platform = input.platform || input.global?.platform || ''
  const layers = [
    layer('profile', profiles, input.profile || input.global?.profile),
    layer('compatibilityVersion', compatibilityVersions, input.compatibilityVersion),
    layer('platform', platforms, platform),
    known(model, root),
    known(model, cni),
  ]
  const merged = layers.reduce<Tree>(
    overlaid,
    overlaid({}, defaultValues as unknown as Tree),
  ) as unknown as Values
  const secrets = [input.global?.imagePullSecrets, root.imagePullSecrets, cni.imagePullSecrets]
  const imagePullSecrets = namesOf(secrets.flatMap((list) => list ?? []))
  const global = { ...merged.global, tag: String(merged.global.tag) }
  return { ...merged, tag: String(merged.tag), imagePullSecrets, platform, global }
}

type Tree = Readonly<Record<string, unknown>>

function layer(path: string, layers: Readonly<Record<string, Layer>>, name: string | undefined): Layer {
  if (!name) return {}
  const found = Object.hasOwn(layers, name) ? layers[name] : undefined
  if (found !== undefined) return found
  const names = Object.keys(layers)
  const suggestion = nearest(name, names)
  const expectation = `one of ${names.join(', ')}`
  throw new ValuesError([
    { path, value: name, expectation, ...(suggestion === undefined ? {} : { suggestion }) },
  ])
}

/** Without the values of other charts; null takes a list away, and of anything else says nothing. */
function known(members: Members, given: object): Tree {
  const entries = Object.entries(given).flatMap(([key, value]) => {
    const entry = Object.hasOwn(members, key) ? members[key] : undefined
    if (entry === undefined || value === undefined) return []
    if (value === null) return isSection(entry) || !Array.isArray(entry.default) ? [] : [[key, []] as const]
    return [[key, isSection(entry) ? known(entry.members, value) : value] as const]
  })
  return Object.fromEntries(entries)
}

function namesOf(secrets: readonly (string | { readonly name: string })[]): readonly string[] {
  return [...new Set(secrets.map((secret) => (typeof secret === 'string' ? secret : secret.name)))]
}
