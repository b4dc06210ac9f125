import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { removeEntry } from '../install/conflist.ts'
import type { JsonDocument } from '../install/json.ts'
import { withoutPlugin } from './without-plugin.ts'

const without = (text: string) => withoutPlugin(text, removeEntry(JSON.parse(text) as JsonDocument))

describe('withoutPlugin', () => {
  it('changes nothing but our entries: numbers, order, indentation and line ends stay as they were', () => {
    const ours = '{"name": "istio-cni", "type" : "istio-cni", "x": ["]", "\\"}"]}'
    const before = '{ "plugins" :\r\n [\r\n\t{"type":"bridge", "mtu": 12345678901234567890}'
    const after = '\r\n ],\r\n "name": "pods", "n": 1.0 }\n'
    expect(without(`${before},\r\n\t${ours}${after}`)).toBe(`${before}${after}`)
    expect(without(`{"plugins":[${ours}, {"type":"a"}, ${ours} ,{"type":"b"},${ours}]}`)).toBe(
      '{"plugins":[{"type":"a"} ,{"type":"b"}]}',
    )
    expect(without(`{"plugins":[ ${ours} ]}`)).toBe('{"plugins":[]}')
  })

  it('leaves of any list what removing our entry from its data leaves', () => {
    const plugin = fc.oneof(
      fc.constant({ type: 'istio-cni' }),
      fc.record({ type: fc.string(), nested: fc.jsonValue({ maxDepth: 3 }) }),
      fc.jsonValue({ maxDepth: 2 }),
    )
    const list = fc.record({
      name: fc.string(),
      plugins: fc.array(plugin),
      more: fc.jsonValue({ maxDepth: 2 }),
    })
    fc.assert(
      fc.property(list, fc.constantFrom('', ' ', '\t', '   '), (document, space) => {
        const text = JSON.stringify(document, null, space)
        expect(JSON.parse(without(text) ?? '')).toEqual(removeEntry(JSON.parse(text) as JsonDocument))
      }),
    )
  })

  it('refuses a text that is not what its data say', () => {
    expect(withoutPlugin('{"name":"pods"}', {})).toBeUndefined()
    expect(withoutPlugin('{"plugins":[{"type":"istio-cni"}]}', { plugins: [1] })).toBeUndefined()
  })
})
