import type { Family, Match } from './model.ts'

type Conditions = { readonly [K in keyof Match]-?: NonNullable<Match[K]> }

/** How one language writes each condition, in the order in which it writes them. */
export type Spellings = {
  readonly [K in keyof Conditions]: (value: Conditions[K], context: Context) => string
}

/** What a condition may have to know: the rule's family, if it is a rule of one, and its protocol. */
type Context = Readonly<{ family: Family | undefined; protocol: Match['protocol'] }>

export function spelled(match: Match, spellings: Spellings, family: Family | undefined): readonly string[] {
  const context = { family, protocol: match.protocol }
  const conditions: Partial<Conditions> = match
  const spell = <K extends keyof Conditions>(name: K): string[] => {
    const value: Conditions[K] | undefined = conditions[name]
    return value === undefined ? [] : [spellings[name](value, context)]
  }
  return (Object.keys(spellings) as (keyof Conditions)[]).flatMap((name) => spell(name))
}

export const hex = (mark: number): string => `0x${mark.toString(16)}`
