const longestQuote = 128

/** A value from outside as it goes into one line of a log or a CNI error: escaped and cut. */
export function quoted(value: string): string {
  const cut = value.length > longestQuote ? `${value.slice(0, longestQuote)}…` : value
  // JSON leaves some control, format and line separator characters as they are.
  return escaped(JSON.stringify(cut))
}

/** The text without anything that ends a line, moves a cursor or hides what stands around it. */
export function escaped(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${codePoint(character)}}`)
}

const codePoint = (character: string): string => (character.codePointAt(0) ?? 0).toString(16)
