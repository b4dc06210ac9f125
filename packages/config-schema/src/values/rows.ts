import type { Since } from '../settings/setting.ts'

/** One line of the reference of values. */
export interface ValueRow {
  /** As in `--set`: `ambient.enabled`. */
  readonly path: string
  readonly type: string
  readonly default: unknown
  readonly description: string
  readonly since: Since
  /** `none`: accepted, but nothing follows from it. */
  readonly effect?: 'none'
  /** What to write instead. */
  readonly deprecated?: string
}

/** Every value, in the reference's order. */
export const valueRows: readonly ValueRow[] = []
