import type { Expression } from './expression.ts'
import type { Produced } from './produced.ts'
import { expression } from './references.ts'

/** A comment above the key or item when the template is printed; nothing when it is evaluated. */
export const comment = <const X>(text: string, of: X): Expression<Produced<X>> =>
  expression({ op: 'comment', text, of })

/** A name for an expression that is used in several places: printed, it is a variable at the head of the file. */
export const named = <T>(name: string, of: Expression<T>): Expression<T> =>
  expression({ op: 'named', name, of })
