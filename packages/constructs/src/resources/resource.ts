import type { Condition, Template } from '../expressions/index.ts'

/** One object of Kubernetes as a template, written once for both back-ends: constructs evaluate it, Helm's is printed. */
export interface Resource {
  /** Name of its file in the chart's templates, without extension. */
  readonly file: string
  readonly apiVersion: string
  readonly kind: string
  /** When there is such an object; always if absent. */
  readonly condition?: Condition
  /** Everything but `apiVersion` and `kind`. */
  readonly template: object
}

/** A resource whose template the compiler compares with the generated props of its kind. */
export interface TypedResource<Props> extends Resource {
  readonly template: Template<Props> & object
}
