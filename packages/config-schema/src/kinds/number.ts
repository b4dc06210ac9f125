import { InvalidValue, type Kind } from './kind.ts'

/** A decimal whole number between two bounds, both included. */
export function integer(minimum: number, maximum: number): Kind<number> {
  return wholeNumber('integer', minimum, maximum)
}

/** As {@link integer}, or 0 for "not at all". */
export function zeroOrInteger(minimum: number, maximum: number): Kind<number> {
  const number = wholeNumber('integer', minimum, maximum)
  return {
    ...number,
    expectation: `0 or ${number.expectation}`,
    parse(text) {
      return text.trim() === '0' ? 0 : number.parse.call(this, text)
    },
  }
}

/** A TCP port to connect to. */
export const port: Kind<number> = wholeNumber('port', 1, 65535)

/** A TCP port to listen on; 0 lets the kernel choose. */
export const listenPort: Kind<number> = wholeNumber('port', 0, 65535)

function wholeNumber(type: string, minimum: number, maximum: number): Kind<number> {
  return {
    type,
    expectation: `a whole number from ${minimum} to ${maximum}`,
    emptyIsValue: false,
    parse(text) {
      const digits = text.trim()
      const value = Number(digits)
      if (!/^-?\d{1,15}$/.test(digits) || value < minimum || value > maximum) {
        throw new InvalidValue(this.expectation)
      }
      return value
    },
    print: String,
  }
}
