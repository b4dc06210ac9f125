import type { Condition, Expression, Operand } from './expression.ts'
import type { Produced } from './produced.ts'
import { expression } from './references.ts'

/**
 * `then` if the condition is not empty, else `otherwise`. Without `otherwise` the key, or the item of a list, is absent.
 */
export function when<const X>(condition: Condition, then: X): Expression<Produced<X> | undefined>
export function when<const X, const Y>(
  condition: Condition,
  then: X,
  otherwise: Y,
): Expression<Produced<X> | Produced<Y>>
export function when(condition: Condition, then: unknown, otherwise?: unknown): Expression<unknown> {
  return expression({ op: 'when', condition, then, ...(otherwise === undefined ? {} : { otherwise }) })
}

/** The first that is not empty; the last if all are empty. */
export const firstOf = <const X extends readonly [unknown, ...unknown[]]>(
  ...of: X
): Expression<Produced<X[number]>> => expression({ op: 'firstOf', of })

export const all = (...of: readonly [Condition, ...Condition[]]): Expression<boolean> =>
  expression({ op: 'all', of })

export const any = (...of: readonly [Condition, ...Condition[]]): Expression<boolean> =>
  expression({ op: 'any', of })

/** Whether it is empty. */
export const not = (of: Condition): Expression<boolean> => expression({ op: 'not', of })

export const equals = <T extends string | number | boolean>(
  left: Expression<T>,
  right: Operand<NoInfer<T>>,
): Expression<boolean> => expression({ op: 'equals', left, right })

export const isOneOf = <T extends string | number>(
  of: Expression<T>,
  options: readonly NoInfer<T>[],
): Expression<boolean> => expression({ op: 'isOneOf', of, options })

/** Whether the pattern, in the syntax that RE2 and JavaScript share, matches anywhere in the text. */
export const matches = (of: Expression<string>, pattern: string): Expression<boolean> =>
  expression({ op: 'matches', of, pattern })

export const contains = (text: Expression<string>, part: string): Expression<boolean> =>
  expression({ op: 'contains', text, part })
