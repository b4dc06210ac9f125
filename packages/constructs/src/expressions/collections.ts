import type { Expression, Items, Plain, Template } from './expression.ts'
import type { Produced } from './produced.ts'
import { expression } from './references.ts'

/** How many `each` and `entries` are being built around the caller: it makes the names of their variables distinct. */
let depth = 0

const inside = <R>(build: (suffix: string) => R): R => {
  depth += 1
  try {
    return build(depth === 1 ? '' : String(depth))
  } finally {
    depth -= 1
  }
}

const variable = <T>(name: string): Expression<T> => expression({ op: 'variable', name })

/** An item per item of the list. It stands inside a list literal: `[first, each(value('tolerations'), …)]`. */
export const each = <T, const X>(
  list: Expression<readonly T[]>,
  item: (item: Expression<T>) => X,
): Expression<Items<Produced<X>>> =>
  inside((suffix) => {
    const name = `item${suffix}`
    return expression({ op: 'each', list, item: name, body: item(variable(name)) })
  })

/** An item per entry of the map, sorted by key. It stands inside a list literal. */
export const entries = <V, const X>(
  map: Expression<Readonly<Record<string, V>>>,
  item: (key: Expression<string>, value: Expression<V>) => X,
): Expression<Items<Produced<X>>> =>
  inside((suffix) => {
    const [key, value] = [`key${suffix}`, `value${suffix}`]
    const body = item(variable(key), variable(value))
    return expression({ op: 'entries', map, key, value, body })
  })

/** The items of the list, inside a list literal. */
export const spread = <T>(list: Expression<readonly T[]>): Expression<Items<T>> =>
  expression({ op: 'spread', list })

interface OverlayOptions {
  /** Keys of the base that stay as they are. */
  readonly fixed?: readonly string[]
  /** Whether values of `over` become text: a ConfigMap and a label take nothing else. */
  readonly asText?: boolean
}

/** The keys of the base and those of a map of the user's; of a key that is in both, the user's wins. */
export const overlay = <V = string>(
  base: { readonly [key: string]: Template<V> | Expression<Plain<V> | undefined> },
  over: Expression<Readonly<Record<string, unknown>>>,
  options: OverlayOptions = {},
): Expression<Readonly<Record<string, Plain<V>>>> =>
  expression({
    op: 'overlay',
    base,
    over,
    fixed: options.fixed ?? [],
    asText: options.asText ?? false,
  })

/** The map without what is null or '', nor what holds nothing else, at any depth. */
export const withoutEmpty = <T extends object>(of: Expression<T>): Expression<T> =>
  expression({ op: 'withoutEmpty', of })
