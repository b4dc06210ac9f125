import type { Condition, Template } from '../expressions/index.ts'

/** One object of Kubernetes as a template, written once for both back-ends: constructs evaluate it, Helm's is printed. */
export interface Resource<Props extends object = object> {
  /** Name of its file in the chart's templates, without extension. */
  readonly file: string
  readonly apiVersion: string
  readonly kind: string
  /** When there is such an object; always if absent. */
  readonly condition?: Condition
  /** Everything but `apiVersion` and `kind`. */
  readonly template: Template<Props>
}
