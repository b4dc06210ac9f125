/** A piece of Go template code. Inside another one, a call needs parentheses. */
export interface Go {
  readonly code: string
  readonly isCall: boolean
}

export const atom = (code: string): Go => ({ code, isCall: false })

export const operand = ({ code, isCall }: Go): string => (isCall ? `(${code})` : code)

export const call = (name: string, ...parts: readonly Go[]): Go => ({
  code: [name, ...parts.map(operand)].join(' '),
  isCall: true,
})

/** `what | into`, which reads better than a call when the value is what matters. */
export const piped = (what: Go, into: string): Go => ({ code: `${what.code} | ${into}`, isCall: true })

/** A text as Go writes it; JSON's escapes are a part of Go's. */
export const goText = (text: string): Go => atom(JSON.stringify(text))

/** A pattern, raw if it can be: `[:@]` rather than "[:@]" with its backslashes doubled. */
export const goPattern = (pattern: string): Go =>
  atom(pattern.includes('`') ? JSON.stringify(pattern) : `\`${pattern}\``)

/** Values come out of JSON, so every number is a float64, and Go compares no int with one. */
export const goNumber = (number: number): Go => {
  const digits = String(number)
  return atom(/[.eE]/.test(digits) ? digits : `${digits}.0`)
}
