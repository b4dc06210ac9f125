import type { Since } from '../settings/setting.ts'
import { choices, compatibility } from './model/choices.ts'
import { valueGroups } from './model/model.ts'
import { isSection, type Members, type Row } from './model/row.ts'
import { typeText } from './type-text.ts'

/** One line of the reference of values. */
export interface ValueRow {
  /** As in `--set`: `ambient.enabled`. */
  readonly path: string
  /** Title of its chapter. */
  readonly group: string
  readonly type: string
  readonly default: unknown
  readonly description: string
  readonly since: Since
  /** `none`: accepted, but nothing follows from it. */
  readonly effect?: 'none'
  /** What to write instead. */
  readonly deprecated?: string
}

const groups: readonly { readonly title: string; readonly members: Members }[] = [
  { title: 'Profiles', members: { ...choices, ...compatibility } },
  ...valueGroups,
]

/** Every value, in the reference's order. */
export const valueRows: readonly ValueRow[] = groups.flatMap(({ title, members }) =>
  [...leaves(members)].map(([path, row]) => rowOf(path, title, row)),
)

/** What is below a key, for each key that has values below it: path → description. */
export const valueSections: ReadonlyMap<string, string> = new Map(
  groups.flatMap(({ members }) => [...sections(members)]),
)

function rowOf(path: string, group: string, row: Row): ValueRow {
  const { schema, default: byDefault, description, since = 'original', effect, deprecated } = row
  return {
    path,
    group,
    type: typeText(schema),
    default: byDefault,
    description,
    since,
    ...(effect === undefined ? {} : { effect }),
    ...(deprecated === undefined ? {} : { deprecated }),
  }
}

function* leaves(members: Members, prefix = ''): Generator<[string, Row]> {
  for (const [key, entry] of Object.entries(members)) {
    if (isSection(entry)) yield* leaves(entry.members, `${prefix}${key}.`)
    else yield [prefix + key, entry]
  }
}

function* sections(members: Members, prefix = ''): Generator<[string, string]> {
  for (const [key, entry] of Object.entries(members)) {
    if (!isSection(entry)) continue
    yield [prefix + key, entry.description]
    yield* sections(entry.members, `${prefix}${key}.`)
  }
}
