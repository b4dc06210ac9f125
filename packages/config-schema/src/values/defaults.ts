import { model } from './model/model.ts'
import { isSection, type Members } from './model/row.ts'
import type { Values } from './values.ts'

function defaultsOf(members: Members): Readonly<Record<string, unknown>> {
  const entries = Object.entries(members).map(
    ([key, entry]) => [key, isSection(entry) ? defaultsOf(entry.members) : entry.default] as const,
  )
  return Object.fromEntries(entries)
}

/** The values of a chart to which nothing is said. */
export const defaultValues = { ...defaultsOf(model), platform: '' } as unknown as Values
