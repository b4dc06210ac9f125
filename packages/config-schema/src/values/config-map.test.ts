import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { type AnySetting, settings } from '../settings/table.ts'
import { anyValues } from './arbitrary.fixture.ts'
import { configMapEntries } from './config-map.ts'
import { resolveValues } from './resolve.ts'
import type { Values } from './values.ts'

// Random values take their time on a machine that has others to run too.
vi.setConfig({ testTimeout: 30_000 })

function at(values: Values, path: string): unknown {
  const step = (part: unknown, key: string): unknown => (part as Readonly<Record<string, unknown>>)[key]
  return path.split('.').reduce(step, values)
}

/** As the ConfigMap or a flag carries it. */
function textOf(value: unknown): string {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(',')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function takes({ kind }: AnySetting, text: string): boolean {
  if (text === '' && !kind.emptyIsValue) return true
  try {
    kind.parse(text)
    return true
  } catch {
    return false
  }
}

const passedOn = settings.filter(
  (row): row is AnySetting & { helmPath: string } => row.helmPath !== undefined,
)

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

describe('a value that the chart takes', () => {
  it('is one that the agent takes', () => {
    const law = fc.property(anyValues(), (input) => {
      const values = resolveValues(input)
      const refused = passedOn.filter((row) => !takes(row, textOf(at(values, row.helmPath))))
      expect(refused.map(({ env, helmPath }) => [env, at(values, helmPath)])).toEqual([])
    })
    fc.assert(law, { numRuns: 30 })
  })
})
