import { isIP } from 'node:net'
import { InvalidValue, type Kind } from './kind.ts'

/** One IPv4 address. */
export const ipv4Address = address(4, 'an IPv4 address such as 169.254.7.127')

/** One IPv6 address without zone. */
export const ipv6Address = address(6, 'an IPv6 address such as fd00::1')

function address(family: 4 | 6, expectation: string): Kind<string> {
  return {
    type: `IPv${family} address`,
    expectation,
    emptyIsValue: false,
    parse(text) {
      const written = text.trim()
      if (isIP(written) !== family || written.includes('%')) throw new InvalidValue(expectation)
      return written.toLowerCase()
    },
    print: String,
  }
}
