const longestQuote = 128

/** A value from outside as it goes into one line of a log or a CNI error: escaped and cut. */
export function quoted(value: string): string {
  const cut = value.length > longestQuote ? `${value.slice(0, longestQuote)}…` : value
  // JSON leaves some control, format and line separator characters as they are.
  return JSON.stringify(cut).replaceAll(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${codePoint(character)}}`,
  )
}

const codePoint = (character: string): string => (character.codePointAt(0) ?? 0).toString(16)
