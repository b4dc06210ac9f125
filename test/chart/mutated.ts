// Values of which one thing is wrong, most likely.
import fc from 'fast-check'

const replacements: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  'maybe',
  '',
  '../x',
  'with spaces',
  [],
  {},
  [{ unexpected: 1 }],
  { unexpected: 1 },
]

/** With a key of the values, at any depth, given something else, or a key added that nobody knows. */
export function mutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const choice = fc.record({
    at: fc.nat(),
    replacement: fc.constantFrom(...replacements),
    isAdded: fc.boolean(),
  })
  return fc.tuple(values, choice).map(([given, { at, replacement, isAdded }]) => {
    const copy: unknown = JSON.parse(JSON.stringify(given))
    const places = placesIn(copy)
    const place = places[at % places.length]
    if (place === undefined) return { unexpected: replacement }
    if (isAdded) place.map[`${place.key}x`] = replacement
    else place.map[place.key] = replacement
    return copy
  })
}

interface Place {
  readonly map: Record<string, unknown>
  readonly key: string
}

function placesIn(tree: unknown): Place[] {
  if (Array.isArray(tree)) return tree.flatMap(placesIn)
  if (typeof tree !== 'object' || tree === null) return []
  const map = tree as Record<string, unknown>
  return Object.keys(map).flatMap((key) => [{ map, key }, ...placesIn(map[key])])
}
