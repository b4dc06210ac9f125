import type { Expression, Items } from './expression.ts'

/** What a template literal produces, for the compiler: the type behind every expression in it. */
export type Produced<X> =
  X extends Expression<infer T>
    ? T
    : X extends string | number | boolean | null | undefined
      ? X
      : X extends readonly (infer I)[]
        ? Item<Produced<I>>[]
        : X extends object
          ? ProducedObject<X>
          : X

type Item<T> = T extends Items<infer I> ? I : T extends undefined ? never : T

/** A key whose expression may produce nothing is an optional key. */
type ProducedObject<X> = {
  readonly [K in keyof X as undefined extends Produced<X[K]> ? never : K]: Produced<X[K]>
} & {
  readonly [K in keyof X as undefined extends Produced<X[K]> ? K : never]?: Exclude<Produced<X[K]>, undefined>
}
