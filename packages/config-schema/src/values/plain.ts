import type { ValueProblem } from './errors.ts'

/** Deeper than anything in Kubernetes; what is deeper goes round in a circle. */
const DEEPEST = 64

/**
 * What no file of values could hold. It would not be refused further on but lost, or written as it looks inside: an
 * object that stands for a value of later, a Map, a circle.
 */
export function* unplain(given: unknown, path: string, depth = 0): Generator<ValueProblem> {
  if (depth > DEEPEST) yield { path, expectation: `at most ${DEEPEST} levels` }
  else if (Array.isArray(given))
    for (const [at, item] of given.entries()) yield* unplain(item, `${path}[${at}]`, depth + 1)
  else if (isPlainObject(given)) {
    for (const [key, value] of Object.entries(given)) {
      const place = path === '' ? key : `${path}.${key}`
      if (key === '__proto__') yield { path: place, expectation: 'another name' }
      else yield* unplain(value, place, depth + 1)
    }
  } else if (!isScalar(given)) yield { path: path || 'the values', expectation: plainInsteadOf(given) }
}

function isScalar(given: unknown): boolean {
  if (typeof given === 'number') return Number.isFinite(given)
  return given === null || ['string', 'boolean', 'undefined'].includes(typeof given)
}

/** Of whichever realm: a test runner has several. */
function isPlainObject(given: unknown): given is Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null) return false
  const prototype: unknown = Object.getPrototypeOf(given)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function plainInsteadOf(given: unknown): string {
  if (typeof given === 'number') return 'a finite number'
  const name = typeof given === 'object' ? given?.constructor?.name : undefined
  const what = name === undefined ? `a ${typeof given}` : `an instance of ${name}`
  return `plain data that is known by now, not ${what}`
}
