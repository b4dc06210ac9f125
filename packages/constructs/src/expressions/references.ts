import type { Values } from '@istio-install-cni/config-schema'
import type { Expression } from './expression.ts'
import type { Node } from './node.ts'

type Scalar = string | number | boolean | null | undefined

/** Every path into the values model: `ambient`, `ambient.enabled`. Lists and free-form maps have none below themselves. */
export type ValuePath<T = Values> = {
  [K in keyof T & string]: string extends K
    ? never
    : NonNullable<T[K]> extends Scalar | readonly unknown[]
      ? K
      : K | `${K}.${ValuePath<NonNullable<T[K]>>}`
}[keyof T & string]

/** What stands at a path of the values model. */
export type ValueAt<P extends string, T = Values> = P extends `${infer K}.${infer Rest}`
  ? K extends keyof T
    ? ValueAt<Rest, NonNullable<T[K]>>
    : never
  : P extends keyof T
    ? T[P]
    : never

export const expression = <T>(node: Node): Expression<T> => ({ $expression: node })

/** A value of the merged values: `value('ambient.enabled')`. */
export const value = <P extends ValuePath>(path: P): Expression<ValueAt<P>> =>
  expression({ op: 'value', path })

export const releaseName: Expression<string> = expression({ op: 'release', field: 'name' })
export const releaseNamespace: Expression<string> = expression({ op: 'release', field: 'namespace' })
/** What applies the manifests: `Helm`. */
export const releaseService: Expression<string> = expression({ op: 'release', field: 'service' })
/** Empty where the manifests belong to no release, as with istioctl and constructs: nobody runs hooks there. */
export const releaseRevision: Expression<number> = expression({ op: 'release', field: 'revision' })
export const chartName: Expression<string> = expression({ op: 'chart', field: 'name' })
export const chartVersion: Expression<string> = expression({ op: 'chart', field: 'version' })
export const appVersion: Expression<string> = expression({ op: 'chart', field: 'appVersion' })
