import { describe, expect, it } from 'vitest'
import { hostAddress } from './host-addresses.ts'
import { addRequests, createRequest, entriesOf, kinds, removeRequests } from './ip-set-messages.ts'
import { encodeMessage } from './netlink.ts'

const encoded = ({ kind, body, attributes }: ReturnType<typeof createRequest>) =>
  encodeMessage(kind, 5, 1, body, attributes).toString('hex')

describe('messages to ip_set', () => {
  it('make a set of addresses with comments', () => {
    // Protocol 6, name, type, revision 2, family, flags 16.
    expect(encoded(createRequest({ name: 'a-v4', family: 4 }))).toBe(
      [
        '50000000020605000100000000000000',
        '02000000',
        '0500010006000000',
        '09000200612d763400000000',
        '0c000300686173683a697000',
        '0500040002000000',
        '0500050002000000',
        '0c000780',
        '0800084000000010',
      ].join(''),
    )
  })

  it('carry many entries, in as many messages as their length bound needs', () => {
    const entries = Array.from({ length: 1000 }, (_, index) => ({
      address: hostAddress(`fd00::${(index + 1).toString(16)}`),
      uid: `8d4e54b9-14c6-48a1-b1b7-${index.toString().padStart(12, '0')}`,
    }))
    const requests = addRequests('a-v6', entries)
    expect(requests).toHaveLength(3)
    for (const { attributes } of requests) {
      for (const { value } of attributes) expect(value.length).toBeLessThan(65_532)
    }
    expect(addRequests('a-v6', [])).toEqual([])
    expect(removeRequests('a-v6', [])).toEqual([])
  })

  it('are read back as written, and a comment cannot break out of the listing', () => {
    const [request] = addRequests('a-v4', [
      { address: hostAddress('10.0.0.1'), uid: 'one' },
      { address: hostAddress('10.0.0.2'), uid: 'two"\0 x' },
    ])
    if (!request) throw new Error('nothing to send')
    const body = encodeMessage(0, 0, 0, request.body, request.attributes).subarray(16)
    expect(entriesOf({ kind: kinds.list, sequence: 1, body })).toEqual([
      { address: '10.0.0.1', uid: 'one' },
      { address: '10.0.0.2', uid: 'two x' },
    ])
  })

  it('that are cut short give what is whole', () => {
    const [request] = addRequests('a-v4', [{ address: hostAddress('10.0.0.1'), uid: 'one' }])
    if (!request) throw new Error('nothing to send')
    const body = encodeMessage(0, 0, 0, request.body, request.attributes).subarray(16)
    for (let length = 0; length < body.length; length++) {
      const entries = entriesOf({
        kind: kinds.list,
        sequence: 1,
        body: Buffer.from(body.subarray(0, length)),
      })
      expect(entries.length).toBeLessThanOrEqual(1)
    }
  })
})
