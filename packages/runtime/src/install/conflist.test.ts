import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { insertEntry, isConversionOf, isInserted, listFromSingle, removeEntry } from './conflist.ts'
import { equalJson, type JsonDocument, parseJson, printJson } from './json.ts'

const entry: JsonDocument = { name: 'istio-cni', type: 'istio-cni', ipam: {}, ambient_enabled: false }
const bridge: JsonDocument = { type: 'bridge', bridge: 'cni0' }
const portmap: JsonDocument = { type: 'portmap', capabilities: { portMappings: true } }
const list: JsonDocument = { cniVersion: '1.0.0', name: 'pods', plugins: [bridge, portmap], zeta: 1 }

describe('insertEntry', () => {
  it('appends our plugin and leaves everything else in place and order', () => {
    const inserted = insertEntry(list, entry)
    expect(inserted).toEqual({ ...list, plugins: [bridge, portmap, entry] })
    expect(Object.keys(inserted)).toEqual(['cniVersion', 'name', 'plugins', 'zeta'])
  })

  it('leaves one copy, the last plugin, wherever and however often ours was there', () => {
    const old = { ...entry, ambient_enabled: true }
    expect(insertEntry({ ...list, plugins: [old, bridge, old, portmap, old] }, entry).plugins).toEqual([
      bridge,
      portmap,
      entry,
    ])
  })

  it('is undone by removeEntry in every list, whatever its keys and plugins', () => {
    const plugin = fc.dictionary(fc.string(), fc.jsonValue()).filter((each) => each.type !== 'istio-cni')
    const lists = fc.record({ plugins: fc.array(plugin), rest: fc.dictionary(fc.string(), fc.jsonValue()) })
    fc.assert(
      fc.property(lists, ({ plugins, rest }) => {
        const document = parseJson(JSON.stringify({ ...rest, plugins })) as JsonDocument
        const before = printJson(document, '  ')
        const inserted = insertEntry(document, entry)
        expect(isInserted(inserted, entry)).toBe(true)
        expect(printJson(removeEntry(inserted), '  ')).toBe(before)
      }),
    )
  })
})

describe('isInserted', () => {
  it('compares the content of our plugin, not only its presence', () => {
    expect(isInserted({ plugins: [bridge, { ...entry }] }, entry)).toBe(true)
    expect(isInserted({ plugins: [bridge, { ...entry, ambient_enabled: true }] }, entry)).toBe(false)
    expect(isInserted({ plugins: [bridge, { ...entry, extra: 1 }] }, entry)).toBe(false)
  })

  it('wants our plugin once and last', () => {
    expect(isInserted({ plugins: [entry, bridge] }, entry)).toBe(false)
    expect(isInserted({ plugins: [entry, bridge, entry] }, entry)).toBe(false)
  })
})

describe('removeEntry', () => {
  it('removes every copy', () => {
    expect(removeEntry({ plugins: [entry, bridge, entry] })).toEqual({ plugins: [bridge] })
  })

  it('gives a list without ours back as it is', () => {
    expect(removeEntry(list)).toBe(list)
  })
})

describe('listFromSingle', () => {
  it('makes a list of one plugin, which keeps its own name but not the version', () => {
    expect(listFromSingle({ cniVersion: '0.3.1', name: 'pods', ...bridge })).toEqual({
      name: 'k8s-pod-network',
      cniVersion: '0.3.1',
      plugins: [{ name: 'pods', ...bridge }],
    })
  })

  it.each([
    ['1.0.0', '1.0.0'],
    ['0.4.0', '0.4.0'],
    ['0.2.0', '0.3.1'],
    [undefined, '0.3.1'],
  ])('turns version %s into %s: lists exist since 0.3.0', (given, expected) => {
    const single: JsonDocument = given === undefined ? bridge : { ...bridge, cniVersion: given }
    expect(listFromSingle(single).cniVersion).toBe(expected)
  })

  it('is recognised again, with or without our plugin', () => {
    const made = listFromSingle(bridge)
    expect(isConversionOf(made, bridge)).toBe(true)
    expect(isConversionOf(insertEntry(made, entry), { ...bridge, mtu: 1400 })).toBe(true)
    expect(isConversionOf(list, bridge)).toBe(false)
    expect(isConversionOf({ ...made, plugins: [portmap] }, bridge)).toBe(false)
  })
})

describe('JSON of others', () => {
  it('keeps numbers that a double cannot hold, and their spelling', () => {
    const text = '{\n  "big": 12345678901234567890,\n  "float": 1.0,\n  "exponent": 1E400,\n  "zero": -0\n}\n'
    expect(printJson(parseJson(text), '  ')).toBe(text)
  })

  it('keeps keys that JavaScript treats specially', () => {
    const text = '{\n  "__proto__": {\n    "a": 1\n  },\n  "constructor": null,\n  "": []\n}\n'
    const document = parseJson(text) as JsonDocument
    expect(printJson(insertEntry({ ...document, plugins: [] }, entry), '  ')).toContain('"__proto__"')
    expect(printJson(document, '  ')).toBe(text)
  })

  it('keeps any document as it is', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(printJson(parseJson(text), '\t'))).toEqual(JSON.parse(text))
        expect(equalJson(parseJson(text), parseJson(text))).toBe(true)
      }),
    )
  })

  it.each([
    ['1', '1.0', true],
    ['12345678901234567890', '12345678901234567891', false],
    ['{"a":1,"b":2}', '{"b":2,"a":1}', true],
    ['[1,2]', '[2,1]', false],
    ['{"a":null}', '{}', false],
    ['"1"', '1', false],
  ])('compares %s and %s as data: %s', (left, right, equal) => {
    expect(equalJson(parseJson(left), parseJson(right))).toBe(equal)
    expect(equalJson(parseJson(right), parseJson(left))).toBe(equal)
  })
})
