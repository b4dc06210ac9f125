import { InvalidValue, type Kind } from './kind.ts'

/**
 * `0600` and `0o600` are octal, a number without leading zero is decimal as the original reads it (384 = 0600).
 * Either way it must be a mode that a data file can have, so that a forgotten zero (600 is 01130) is noticed:
 * the owner reads, nobody executes, nobody writes without reading, no one has more rights than the one before.
 */
export const fileMode: Kind<number> = {
  type: 'file mode',
  expectation: 'an octal file mode with leading zero, such as 0600 or 0640 (decimal 384 is taken as 0600)',
  emptyIsValue: false,
  parse(text) {
    const written = text.trim()
    const octal = /^0o?([0-7]{1,4})$/.exec(written)?.[1]
    const mode = octal === undefined ? decimal(written) : Number.parseInt(octal, 8)
    if (mode !== undefined && isDataFileMode(mode)) return mode
    const guess = Number.parseInt(written, 8)
    const suggestion = /^[0-7]{3}$/.test(written) && isDataFileMode(guess) ? `0${written}` : undefined
    throw new InvalidValue(this.expectation, suggestion)
  },
  print: (value) => `0${value.toString(8)}`,
}

function decimal(written: string): number | undefined {
  return /^[1-9]\d{0,3}$/.test(written) ? Number(written) : undefined
}

function isDataFileMode(mode: number): boolean {
  const [owner, group, others] = [mode >> 6, (mode >> 3) & 7, mode & 7]
  const readable = (rights: number): boolean => rights === 0 || rights === 4 || rights === 6
  return owner >= 4 && [owner, group, others].every(readable) && group <= owner && others <= group
}
