const LONGEST = 80

/** A value for a message: as JSON, on one line, bounded. */
export function shown(value: unknown): string {
  const text = written(value)
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (${text.length} characters)`
}

function written(value: unknown): string {
  // JSON would write null for a number that is none, and refuses bigints and circles.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  try {
    return JSON.stringify(value) ?? (value === undefined ? 'nothing' : `a ${typeof value}`)
  } catch {
    return `an ${typeof value}`
  }
}
