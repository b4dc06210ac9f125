import type { BackendDetails, Family, Mark, Match } from './model.ts'

type Conditions = { readonly [K in keyof Match]-?: NonNullable<Match[K]> }

/** How one language writes each condition, in the order in which it writes them. */
export type Spellings = {
  readonly [K in keyof Conditions]: (value: Conditions[K], context: Context) => string
}

/** What a condition may have to know: the rule's family, if it is a rule of one, and its protocol. */
type Context = Readonly<{ family: Family | undefined; protocol: Match['protocol'] }>

export function spelled(
  match: Match,
  spellings: Spellings,
  family: Family | undefined,
  { hasMarkBeforePort }: BackendDetails = {},
): readonly string[] {
  const context = { family, protocol: match.protocol }
  const conditions: Partial<Conditions> = match
  const spell = <K extends keyof Conditions>(name: K): string[] => {
    const value: Conditions[K] | undefined = conditions[name]
    return value === undefined ? [] : [spellings[name](value, context)]
  }
  const names = Object.keys(spellings) as (keyof Conditions)[]
  return (
    hasMarkBeforePort ? names.toSorted((left, right) => Number(isPort(left)) - Number(isPort(right))) : names
  ).flatMap((name) => spell(name))
}

const isPort = (name: keyof Match): boolean =>
  name === 'fromPort' || name === 'toPort' || name === 'notToPorts'

/** `0x539`, or `0x539/0xfff` */
export const hex = (mark: Mark): string =>
  typeof mark === 'number' ? `0x${mark.toString(16)}` : `${hex(mark.value)}/${hex(mark.mask)}`
