import { describe, expect, it } from 'vitest'
import { settings } from '../settings/table.ts'
import { defaultValues } from './defaults.ts'
import { platforms } from './layers/platforms.ts'
import { parseValues } from './parse.ts'
import { valuesReference } from './reference.ts'
import { valueRows, valueSections } from './rows.ts'

const defaultAt = (path: string): unknown => valueRows.find((row) => row.path === path)?.default

/** Values that say "as another value" or "as the agent knows" by being empty. */
const EMPTY_BY_DEFAULT = ['istioOwnedCNIConfigFileName', 'logging.level', 'ambient.enablementSelectors']

describe('valueRows', () => {
  it('has a value for every setting that names one, with the same default', () => {
    for (const { env, helmPath, default: byDefault } of settings) {
      if (helmPath === undefined) continue
      expect(
        valueRows.map(({ path }) => path),
        env,
      ).toContain(helmPath)
      if (!EMPTY_BY_DEFAULT.includes(helmPath)) expect(defaultAt(helmPath), env).toEqual(byDefault)
    }
  })

  it('names each value once, in whole sentences', () => {
    expect(new Set(valueRows.map(({ path }) => path)).size).toBe(valueRows.length)
    for (const { path, description } of valueRows) expect(description, path).toMatch(/^[\p{Lu}`].{9,}\.$/u)
    for (const [path, description] of valueSections) expect(description, path).toMatch(/^\p{Lu}.{3,}\.$/u)
  })

  it('has defaults that its own model accepts', () => {
    expect(parseValues(defaultValues)).toBe(defaultValues)
  })

  it('says what to write instead in terms of values that there are', () => {
    const named = valueRows.flatMap(({ deprecated }) => deprecated ?? [])
    expect(named.length).toBeGreaterThan(0)
    for (const path of named) {
      const [first = ''] = path.split('.')
      expect(
        valueRows.some((row) => row.path === path || row.path === first || row.path.startsWith(`${first}.`)),
        path,
      ).toBe(true)
    }
  })
})

describe('valuesReference', () => {
  it('has one row of five cells for every value, and every platform', () => {
    const [tables = '', layers = ''] = valuesReference().split('## What profiles set')
    const lines = tables.split('\n')
    for (const { path } of valueRows) {
      const mine = lines.filter((line) => line.startsWith(`| \`${path}\` |`))
      expect(mine, path).toHaveLength(1)
      expect(mine[0]?.split(/(?<!\\)\|/), path).toHaveLength(7)
    }
    for (const name of Object.keys(platforms)) expect(layers).toContain(`| \`${name}\` |`)
  })
})
