import type { Kind } from '../kinds/kind.ts'

/** `CNI_NET_DIR` → `cniNetDir`. */
type CamelCase<Env extends string> = Env extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalized<Tail>}`
  : Lowercase<Env>
type Capitalized<Env extends string> = Env extends `${infer Head}_${infer Tail}`
  ? `${Capitalize<Lowercase<Head>>}${Capitalized<Tail>}`
  : Capitalize<Lowercase<Env>>

/** Whose contract a setting comes from: the image's guide, the program that we replace, or us. */
export type Since = 'guide' | 'original' | 'ours'

/**
 * When the chart's ConfigMap names a variable: `always`; `changed`, if its value is not the default; `filled`, if its
 * value is not empty; `never`, because it reaches the agent otherwise; or if another value is true.
 */
export type ConfigMapRule = 'always' | 'changed' | 'filled' | 'never' | { readonly ifTrue: string }

/** What is written down about a setting; everything else follows from the name of its variable. */
export interface Declaration<Value> {
  readonly kind: Kind<Value>
  readonly default: NoInfer<Value>
  readonly since: Since
  /** One or two sentences for the reference and --help. */
  readonly description: string
  /** Key of the plugin's configuration that carries the value to the plugin. */
  readonly netconfKey?: string
  /** Path of the chart value that sets it. */
  readonly helmPath?: string
  /** How the chart's ConfigMap has it, where that does not follow from the rest (see `configMapEntries`). */
  readonly configMap?: ConfigMapRule
  readonly unit?: string
  /** Other variables that mean the same. */
  readonly aliases?: readonly string[]
  /** File whose contents stand in for the default, if it can be read. */
  readonly defaultFile?: string
  /** The value may hold a credential: never print it. */
  readonly secret?: boolean
}

/** One row of the table. */
export interface Setting<Env extends string, Value> extends Declaration<Value> {
  readonly env: Env
  /** Key in {@link Settings}. */
  readonly name: CamelCase<Env>
  /** Command-line flag without its dashes; `_` may stand for `-`. */
  readonly flag: string
}

export function setting<const Env extends string, Value>(
  env: Env,
  declaration: Declaration<Value>,
): Setting<Env, Value> {
  return { ...declaration, env, name: camelCase(env), flag: flagOf(env) }
}

/** `CNI_NET_DIR` → `cni-net-dir`. */
export function flagOf(env: string): string {
  return env.toLowerCase().replaceAll('_', '-')
}

function camelCase<Env extends string>(env: Env): CamelCase<Env> {
  const name = env.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  return name as CamelCase<Env>
}
