import { describe, expect, it } from 'vitest'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { valueRows } from './rows.ts'
import { valuesSchema } from './schema.ts'

const schema = valuesSchema()

/** A place that other charts share. */
const SHARED = '#/definitions/global'

function parts(part: Json, path = '#'): [string, JsonObject][] {
  if (typeof part !== 'object' || part === null) return []
  const below = Object.entries(part).flatMap(([key, value]) => parts(value as Json, `${path}/${key}`))
  return Array.isArray(part) ? below : [[path, part as JsonObject], ...below]
}

const places = new Map(parts(schema))
const at = (path: string): JsonObject | undefined => places.get(path)

describe('valuesSchema', () => {
  it('closes every object whose keys are known, and names its keys for the message', () => {
    const objects = parts(schema).filter(
      ([path, { properties }]) => isObject(properties) && !path.endsWith('/properties') && path !== SHARED,
    )
    expect(objects.length).toBeGreaterThan(20)
    for (const [path, { additionalProperties }] of objects) expect(additionalProperties, path).toBe(false)
    expect(at('#/definitions/cni/properties/ambient/propertyNames')).toMatchObject({
      enum: expect.arrayContaining(['enabled', 'dnsCapture']),
    })
  })

  it('lets pass what other charts share, and null for every value', () => {
    expect(at(SHARED)).not.toHaveProperty('additionalProperties')
    expect(at('#/definitions/cni/properties/ambient')).toMatchObject({ type: ['object', 'null'] })
    expect(at('#/definitions/cni/properties/pullPolicy')?.enum).toContain(null)
    expect(at('#/definitions/cni/properties/tag/anyOf/2')).toEqual({ type: 'null' })
  })

  it('refers to parts that there are', () => {
    const references = parts(schema).flatMap(([, { $ref }]) => (typeof $ref === 'string' ? $ref : []))
    expect(references.length).toBeGreaterThan(50)
    for (const reference of references) expect(at(reference), reference).toBeDefined()
  })

  it('knows every value at the root and under cni', () => {
    for (const { path, group } of valueRows) {
      const [first = ''] = path.split('.')
      expect(at(`#/properties/${first}`), path).toBeDefined()
      if (group === 'Profiles') continue
      if (first !== 'global') expect(at(`#/definitions/cni/properties/${first}`), path).toBeDefined()
    }
  })

  it('has only patterns that Go has too', () => {
    const patterns = parts(schema).flatMap(([, { pattern }]) => (typeof pattern === 'string' ? pattern : []))
    expect(patterns.length).toBeGreaterThan(10)
    for (const pattern of patterns) expect(pattern).not.toMatch(/\(\?[=!<]|\\[pPuk1-9]/)
  })
})
