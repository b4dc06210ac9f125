import { describe, expect, it } from 'vitest'
import { steady } from './kernel-rules.ts'
import { type Attribute, encodeMessage, nested, uint32 } from './netlink.ts'

const kinds = { table: 0xa00, chain: 0xa03, rule: 0xa06 }
const text = (value: string) => Buffer.from(`${value}\0`)
const expression = (name: string, data: number): Attribute =>
  nested(1, [{ type: 1, value: text(name) }, nested(2, [{ type: 1, value: uint32(data) }])])

type Dump = Readonly<{
  handle?: number
  counted?: number
  port?: number
  sequence?: number
  generation?: number
  interrupted?: boolean
  chain?: string
}>

/** A table, a chain and a rule, as the kernel sends them. */
function dump(of: Dump = {}): Buffer {
  const { handle = 1, counted = 0, port = 15001, sequence = 1, generation = 1, chain = 'output' } = of
  const body = Buffer.from([2, 0, 0, generation])
  const message = (kind: number, attributes: Attribute[]) =>
    encodeMessage(kind, of.interrupted === true ? 0x12 : 0x2, sequence, body, attributes)
  const bytes = Buffer.concat([
    message(kinds.table, [
      { type: 1, value: text('nat') },
      { type: 4, value: uint32(handle) },
    ]),
    message(kinds.chain, [
      { type: 3, value: text(chain) },
      { type: 2, value: uint32(handle) },
      nested(8, [{ type: 1, value: uint32(counted) }]),
    ]),
    message(kinds.rule, [
      { type: 2, value: text(chain) },
      { type: 3, value: uint32(handle) },
      { type: 6, value: uint32(handle) },
      nested(4, [expression('cmp', port), expression('counter', counted), expression('redir', port)]),
      { type: 7, value: text('user data') },
    ]),
    encodeMessage(3, 0x2, sequence, Buffer.alloc(4), []),
  ])
  steady(bytes)
  return bytes
}

describe('rules as bytes', () => {
  it.each([{ handle: 7 }, { counted: 7 }, { sequence: 7 }, { generation: 7 }])(
    'are the same with another $*',
    (of) => {
      expect(dump(of)).toEqual(dump())
    },
  )

  it.each([{ port: 15002 }, { chain: 'other' }, { interrupted: true }])('differ with %j', (of) => {
    expect(dump(of)).not.toEqual(dump())
  })

  it('are left as they are from where they are no messages', () => {
    for (let length = 0; length < dump().length; length += 1) {
      const cut = dump().subarray(0, length)
      expect(() => steady(cut)).not.toThrow()
    }
    expect(() => steady(Buffer.alloc(64, 0xff))).not.toThrow()
  })
})
