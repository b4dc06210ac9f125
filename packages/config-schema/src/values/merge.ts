import { isObject } from '../json.ts'

type Tree = Readonly<Record<string, unknown>>

/**
 * The upper tree laid over the lower one: maps merge, everything else replaces, null takes away, undefined is not
 * there. Neither tree is changed; the result shares no map or list with them.
 */
export function overlaid(lower: Tree, upper: Tree): Tree {
  const keys = new Set([...Object.keys(lower), ...Object.keys(upper)])
  // fromEntries defines keys, so that no name, not even __proto__, means more than a key.
  return Object.fromEntries([...keys].flatMap((key) => entry(key, own(lower, key), own(upper, key))))
}

function entry(key: string, lower: unknown, upper: unknown): [string, unknown][] {
  if (upper === null) return []
  if (upper === undefined) return lower === undefined || lower === null ? [] : [[key, copy(lower)]]
  if (isObject(upper)) return [[key, overlaid(isObject(lower) ? lower : {}, upper)]]
  return [[key, copy(upper)]]
}

function copy(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(copy)
  return isObject(given) ? overlaid({}, given) : given
}

function own(tree: Tree, key: string): unknown {
  return Object.hasOwn(tree, key) ? tree[key] : undefined
}
