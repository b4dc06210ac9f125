/** How Helm's `toJson` writes it; a text stays as it is. */
export const scalarText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '')

/** `+` is not allowed in a label, nor are more than 63 characters; the end must be a letter or a digit. */
export const labelText = (text: string): string => text.replaceAll('+', '_').slice(0, 63).replace(/-$/, '')

/** The order in which Go sorts the keys of a map: by code point. */
export const sortedKeys = (map: object): string[] =>
  Object.keys(map).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
