import { describe, expect, it } from 'vitest'
import { hostAddress } from './host-addresses.ts'
import { framed, kinds, membersOf, newElements, newSet } from './host-nft-messages.ts'
import { encodeMessage, listAttributes } from './netlink.ts'

const bodyOf = ({ body, attributes }: ReturnType<typeof newSet>) =>
  encodeMessage(0, 0, 0, body, attributes).subarray(16)

describe("messages to nf_tables for the node's sets", () => {
  it('carry no user data', () => {
    const types = listAttributes(bodyOf(newSet('t', { name: 's', family: 6 }, 1)), 4).map(({ type }) => type)
    // Table, name, flags, type and length of the key, id; 13 would be the user data.
    expect(types).toEqual([1, 2, 3, 4, 5, 10])
  })

  it('are one transaction', () => {
    const [begin, message, end] = framed([Buffer.from('x')]).map((bytes) => bytes.toString('hex'))
    expect(begin).toBe('1400000010000100000000000000000000' + '00000a')
    expect(message).toBe('78')
    expect(end).toBe('140000001100010000000000000000000000000a')
  })

  it('are as many as their length bound needs, and are read back as written', () => {
    const texts = Array.from({ length: 2500 }, (_, index) => `fd00::${(index + 1).toString(16)}`)
    const changes = newElements('t', 's', texts.map(hostAddress))
    expect(changes).toHaveLength(3)
    for (const { attributes } of changes) {
      for (const { value } of attributes) expect(value.length).toBeLessThan(65_532)
    }
    const read = changes.flatMap((one) =>
      membersOf({ kind: kinds.newElements, sequence: 1, body: bodyOf(one) }),
    )
    expect(read).toEqual(texts.map((address) => ({ address, uid: '' })))
  })

  it('that are cut short give what is whole', () => {
    const [change] = newElements('t', 's', [hostAddress('10.0.0.1')])
    if (!change) throw new Error('nothing to send')
    const whole = bodyOf(change)
    for (let length = 0; length < whole.length; length++) {
      const body = Buffer.from(whole.subarray(0, length))
      expect(membersOf({ kind: kinds.newElements, sequence: 1, body })).toEqual([])
    }
  })
})
