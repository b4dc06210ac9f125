import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeAttributes, decodeMessages, encodeMessage, uint32 } from './netlink.ts'

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')

describe('netlink messages', () => {
  it('have the layout of netlink(7), with attributes padded to four bytes', () => {
    const message = encodeMessage(24, 0x605, 7, Buffer.from([2, 0, 0, 0]), [
      { type: 4, value: uint32(1) },
      { type: 9, value: Buffer.from([0xff]) },
    ])
    expect(message).toEqual(
      bytes('24000000 1800 0506 07000000 00000000  02000000  0800 0400 01000000  0500 0900 ff000000'),
    )
  })

  it('are read back as they were written, several in one datagram', () => {
    const attribute = fc.record({
      type: fc.integer({ min: 1, max: 60 }),
      value: fc.uint8Array({ maxLength: 20 }),
    })
    const message = fc.record({
      kind: fc.integer({ min: 16, max: 100 }),
      attributes: fc.uniqueArray(attribute, { selector: ({ type }) => type, maxLength: 5 }),
    })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), (written) => {
        const body = Buffer.from([1, 2, 3, 4])
        const datagram = Buffer.concat(
          written.map(({ kind, attributes }) => encodeMessage(kind, 0, 1, body, attributes)),
        )
        const read = decodeMessages(datagram)
        expect(read.map(({ kind }) => kind)).toEqual(written.map(({ kind }) => kind))
        for (const [index, { attributes }] of written.entries()) {
          const found = decodeAttributes(read[index]?.body ?? Buffer.alloc(0), body.length)
          expect([...found].map(([type, value]) => [type, [...value]])).toEqual(
            attributes.map(({ type, value }) => [type, [...value]]),
          )
        }
      }),
    )
  })

  it('that are cut short or lie about their length are left out', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        for (const { body } of decodeMessages(Buffer.from(garbage))) decodeAttributes(body, 12)
      }),
    )
    expect(decodeMessages(bytes('ff000000 1800 0000 00000000 00000000'))).toEqual([])
    expect(decodeAttributes(bytes('0200 0100'), 0).size).toBe(0)
  })
})
