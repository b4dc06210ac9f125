/** Texts that YAML, of whichever version, reads as they stand. */
const plain = /^[A-Za-z_/][A-Za-z0-9_./-]*$/
/** What looks like text and is read as something else. */
const misread = /^(true|false|null|yes|no|on|off|y|n|nan|inf)$/i

/** A text as a YAML scalar inside a Go template. */
export const scalarOf = (text: string): string => {
  if (text.includes('{{')) return `{{ ${JSON.stringify(text)} | quote }}`
  return plain.test(text) && !misread.test(text) ? text : JSON.stringify(text)
}

/** A literal number, boolean or text. */
export const literalScalar = (literal: unknown): string =>
  typeof literal === 'string' ? scalarOf(literal) : (JSON.stringify(literal) ?? 'null')
