/** Entries of maps that stand in many files: a named template prints them once, and the files include it. */
export interface SharedEntries {
  /** Of the template. */
  readonly name: string
  readonly entries: Readonly<Record<string, unknown>>
}

/** The entries of a map without the shared ones, if it has all of those; else undefined. */
export const withoutShared = (
  map: object,
  shared: SharedEntries | undefined,
): [string, unknown][] | undefined => {
  const keys = Object.keys(shared?.entries ?? {})
  const own = Object.entries(map)
  if (shared === undefined || keys.length === 0) return undefined
  const others = own.filter(
    ([key, template]) =>
      !Object.hasOwn(shared.entries, key) || JSON.stringify(shared.entries[key]) !== JSON.stringify(template),
  )
  return own.length - others.length === keys.length ? others : undefined
}
