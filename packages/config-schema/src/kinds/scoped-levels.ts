import { LOG_LEVELS, type LogLevel } from '../levels.ts'
import { nearest } from '../nearest.ts'
import { InvalidValue, type Kind } from './kind.ts'

/** Level per scope; a bare level is that of the scope `default`. */
export type ScopedLevels = Readonly<Record<string, LogLevel>>

/** `level` or `scope:level`, comma-separated, as the original's --log_output_level. */
export const scopedLevels: Kind<ScopedLevels> = {
  type: 'levels per scope',
  expectation: `LEVEL or SCOPE:LEVEL, comma-separated, LEVEL one of ${LOG_LEVELS.join(', ')}`,
  emptyIsValue: false,
  parse(text) {
    const items = text.split(',').map((item) => item.trim())
    return Object.fromEntries(items.filter((item) => item !== '').map((item) => scopeAndLevel(item, this)))
  },
  print: (levels) =>
    Object.entries(levels)
      .map(([scope, level]) => `${scope}:${level}`)
      .join(','),
}

function scopeAndLevel(item: string, kind: Kind<ScopedLevels>): [string, LogLevel] {
  const [first = '', second, ...more] = item.split(':')
  const [scope, word] = second === undefined ? ['default', first] : [first, second]
  const level = LOG_LEVELS.find((candidate) => candidate === word.toLowerCase())
  const isScope = /^[A-Za-z0-9][-A-Za-z0-9_./]{0,62}$/.test(scope)
  if (more.length > 0 || !isScope || level === undefined) {
    throw new InvalidValue(kind.expectation, nearest(word.toLowerCase(), LOG_LEVELS))
  }
  return [scope, level]
}
