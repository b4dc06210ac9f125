const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
])

/** A boolean in the spellings that Istio takes (Go's strconv.ParseBool), or undefined. */
export const parseBoolean = (text: string): boolean | undefined => booleans.get(text)
