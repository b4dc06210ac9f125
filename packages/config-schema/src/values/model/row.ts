import type { GenericSchema, InferInput } from 'valibot'
import type { Since } from '../../settings/setting.ts'

/** A type with every part of it read-only. */
export type Frozen<Type> = Type extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : IsOpaque<Type> extends true
    ? Type
    : { readonly [Key in keyof Type]: Frozen<Type[Key]> }

/** What remains of a type once `null` has removed what it stands for, and what is undefined is not there. */
export type WithoutNull<Type> = Type extends null | undefined
  ? never
  : Type extends readonly (infer Item)[]
    ? readonly WithoutNull<Item>[]
    : IsOpaque<Type> extends true
      ? Type
      : { readonly [Key in keyof Type]: WithoutNull<Type[Key]> }

/** A scalar, `unknown`, or `object`, of which nothing is known. */
type IsOpaque<Type> = Type extends object ? ([keyof Type] extends [never] ? true : false) : true

export interface RowNotes {
  /** Whose value it is; the original's unless said. */
  readonly since?: Since
  /** Accepted, for those who write it, but nothing follows from it. */
  readonly effect?: 'none'
  /** What to write instead. */
  readonly deprecated?: string
}

/** One value of the chart: what may be written for it, and what the templates see. */
export interface Row<Type = unknown, Complete = unknown> extends RowNotes {
  readonly schema: GenericSchema
  readonly default: Complete
  /** One or two sentences, Markdown. */
  readonly description: string
  /** Only a type: never set. */
  readonly written?: Type
}

/** Values below one key. */
export interface Section<Content extends Members = Members> {
  readonly description: string
  readonly members: Content
}

export interface Members {
  readonly [key: string]: Row | Section
}

export function value<Schema extends GenericSchema>(
  schema: Schema,
  byDefault: NoInfer<WithoutNull<Frozen<InferInput<Schema>>>>,
  description: string,
  notes: RowNotes = {},
): Row<Frozen<InferInput<Schema>>, WithoutNull<Frozen<InferInput<Schema>>>> {
  return { schema, default: byDefault, description, ...notes }
}

export function section<const Content extends Members>(
  description: string,
  members: Content,
): Section<Content> {
  return { description, members }
}

export function isSection(entry: Row | Section): entry is Section {
  return 'members' in entry
}

/** The values that a chart's templates see. */
export type Resolved<Content> = {
  readonly [Key in keyof Content]: Content[Key] extends Section<infer Inner>
    ? Resolved<Inner>
    : Content[Key] extends Row<unknown, infer Complete>
      ? Complete
      : never
}

/** What may be written for them: any part. */
export type Written<Content> = {
  readonly [Key in keyof Content]?:
    | (Content[Key] extends Section<infer Inner>
        ? Written<Inner>
        : Content[Key] extends Row<infer Type>
          ? Type
          : never)
    | undefined
}
