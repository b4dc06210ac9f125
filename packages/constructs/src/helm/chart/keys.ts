import { defaultValues, valuesSchema } from '@istio-install-cni/config-schema'

/** The defaults that values.yaml has. */
const { platform: _, ...defaults } = defaultValues

/** Keys at a place of the schema that are none of the chart's defaults: choices, and values of Istio's other charts. */
export const foreignKeys = (...place: readonly string[]): string[] => {
  const at = (tree: unknown, key: string): unknown => (tree as Record<string, unknown>)[key]
  const own: object = place.includes('global') ? defaultValues.global : defaults
  const known = Object.keys(place.reduce(at, valuesSchema() as unknown) as object)
  return known.filter((key) => !Object.hasOwn(own, key))
}

const WIDTH = 110

/** For a list in a template. */
export const quotedLines = (words: readonly string[], indentation: string): string => {
  const lines: string[] = []
  for (const word of words.map((each) => JSON.stringify(each))) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(indentation + word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.join('\n')
}
