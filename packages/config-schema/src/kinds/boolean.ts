import { InvalidValue, type Kind } from './kind.ts'

const TRUE = ['true', '1', 't', 'yes', 'on']
const FALSE = ['false', '0', 'f', 'no', 'off']

/** Everything that Go's strconv.ParseBool takes, plus YAML's yes/no/on/off, in any letter case. */
export const boolean: Kind<boolean> = {
  type: 'boolean',
  expectation: `one of ${[...TRUE, ...FALSE].join(', ')}`,
  emptyIsValue: false,
  parse(text) {
    const word = text.trim().toLowerCase()
    if (TRUE.includes(word)) return true
    if (FALSE.includes(word)) return false
    throw new InvalidValue(this.expectation)
  },
  print: String,
}
