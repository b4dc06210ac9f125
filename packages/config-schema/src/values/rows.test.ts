import { describe, expect, it } from 'vitest'
import { settings } from '../settings/table.ts'
import { configMapEntries } from './config-map.ts'
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

describe('configMapEntries', () => {
  it('gives the agent what the original gives it, and of ours what was changed', () => {
    const rules = Object.fromEntries(configMapEntries().map(({ env, when }) => [env, when]))
    expect(rules).toMatchObject({
      AMBIENT_ENABLED: 'always',
      CNI_NET_DIR: 'always',
      CNI_CONF_NAME: 'filled',
      ISTIO_OWNED_CNI_CONFIG_FILENAME: { ifTrue: 'istioOwnedCNIConfig' },
      HOST_TOKEN_SECONDS: 'changed',
      MONITORING_PORT: 'changed',
    })
    for (const env of ['LOG_OUTPUT_LEVEL', 'LOG_AS_JSON', 'REVISION']) expect(rules).not.toHaveProperty(env)
  })

  it('tells how values that are no scalars become text', () => {
    const notations = configMapEntries().filter(({ as }) => as !== 'text')
    expect(Object.fromEntries(notations.map(({ env, as }) => [env, as]))).toEqual({
      CURRENT_AGENT_VERSION: 'version',
      EXCLUDE_NAMESPACES: 'list',
      AMBIENT_ENABLEMENT_SELECTOR: 'yaml',
    })
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
