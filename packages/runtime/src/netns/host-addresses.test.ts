import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressOfBytes, hostAddress } from './host-addresses.ts'

describe('addresses of pods', () => {
  it.each([
    ['10.77.0.2', 4, '10.77.0.2'],
    ['10.77.0.2/16', 4, '10.77.0.2'],
    ['::ffff:10.77.0.2', 4, '10.77.0.2'],
    ['FD00:0:0::2/64', 6, 'fd00::2'],
    ['::', 6, '::'],
    ['fd16:9254:7127:1337:ffff:ffff:ffff:ffff', 6, 'fd16:9254:7127:1337:ffff:ffff:ffff:ffff'],
  ] as const)('have one form: %s', (text, family, normal) => {
    expect(hostAddress(text)).toMatchObject({ family, text: normal })
  })

  it.each(['', '10.0.0', '10.0.0.1 ', 'fe80::1%eth0', '10.0.0.1/x', 'x'.repeat(1000)])(
    'refuse %j',
    (text) => {
      expect(() => hostAddress(text)).toThrow(expect.objectContaining({ code: 'netlink' }))
    },
  )

  it('are the same after a way through the kernel', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = hostAddress(text)
        expect(addressOfBytes(address.bytes)).toEqual(address)
        expect(hostAddress(address.text)).toEqual(address)
      }),
    )
  })
})
