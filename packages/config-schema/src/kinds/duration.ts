import { InvalidValue, type Kind } from './kind.ts'

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
const LONGEST = 24 * MILLISECONDS.h

/** Go's notation, `1m30s` or `300ms`; the value is in milliseconds. */
export const duration: Kind<number> = {
  type: 'duration',
  expectation: 'a duration such as 300ms, 5s or 1m30s, at most 24h',
  emptyIsValue: false,
  parse(text) {
    const written = text.trim()
    if (written === '0') return 0
    const hint = /^\d+$/.test(written) ? `${written}s` : undefined
    if (!/^(\d{1,9}(\.\d{1,3})?(ms|s|m|h))+$/.test(written)) throw new InvalidValue(this.expectation, hint)
    let total = 0
    for (const [, amount, unit] of written.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
      total += Number(amount) * MILLISECONDS[unit as keyof typeof MILLISECONDS]
    }
    if (total > LONGEST) throw new InvalidValue(this.expectation)
    return Math.round(total)
  },
  print: (value) => `${value}ms`,
}
