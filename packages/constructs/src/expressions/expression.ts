import type { Node } from './node.ts'

declare const produces: unique symbol

/**
 * A part of a manifest that depends on values: plain data, so that it passes through cdk8s unharmed. `evaluate` turns it
 * into what it produces, the Helm printer into a Go template. `T` exists for the compiler alone.
 */
export interface Expression<out T> {
  readonly $expression: Node
  readonly [produces]?: T
}

declare const items: unique symbol

/** What `each`, `entries` and `spread` produce: not a list, but items of the list in which they stand. */
export interface Items<out T> {
  readonly [items]: T
}

/** The literal itself, or an expression that produces it. */
export type Operand<T> = T | Expression<T>

/** Any expression: its emptiness, by Helm's rules, decides. */
export type Condition = Expression<unknown>

/** The generated types of Kubernetes wrap "number or text" in classes; plain data does not. */
type Wrapped = Readonly<{ value: string | number }>
type IsWrapped<T> = T extends Wrapped ? (Wrapped extends T ? true : false) : false
type Scalar = string | number | boolean | null | undefined

/** `T` as plain data. */
export type Plain<T> = T extends Scalar
  ? T
  : T extends Date
    ? string
    : IsWrapped<T> extends true
      ? string | number
      : T extends Items<infer I>
        ? Items<Plain<I>>
        : T extends readonly (infer I)[]
          ? Plain<I>[]
          : T extends object
            ? PlainObject<T>
            : T

type PlainObject<T> = { readonly [K in keyof T]: Plain<T[K]> }

/** `T`, in which an expression may stand for every part; for an optional part also one that may produce nothing. */
export type Template<T> = Expression<Plain<T>> | Literal<T>

type Literal<T> = T extends Scalar
  ? T
  : T extends Date
    ? string
    : IsWrapped<T> extends true
      ? string | number
      : T extends readonly (infer I)[]
        ? readonly (Literal<I> | Expression<Plain<I> | Items<Plain<I>> | undefined>)[]
        : T extends object
          ? LiteralObject<T>
          : T

type LiteralObject<T> = {
  readonly [K in keyof T]: Record<never, never> extends Pick<T, K>
    ? Literal<T[K]> | Expression<Plain<T[K]> | undefined>
    : Template<T[K]>
}
