import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isIpAddress } from './ip-address.ts'

describe('isIpAddress', () => {
  it('says of addresses and of what looks like them the same as Node', () => {
    const almost = fc
      .array(fc.constantFrom(':', '::', '.', '0', '1', '255', '256', 'f', 'ffff', '00', 'g', '1.2.3.4'), {
        maxLength: 16,
      })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), almost), (text) => {
        expect(isIpAddress(text)).toBe(isIP(text) !== 0)
      }),
    )
  })

  it.each(['', ' 10.0.0.1', 'fe80::1%eth0', '1.2.3', '::1::', '1:2:3:4:5:6:7:8:9', '10.0.0.01'])(
    'refuses %j',
    (text) => expect(isIpAddress(text)).toBe(false),
  )

  it.each(['10.0.0.1', '::', '::1', 'fd00::a:1', '1:2:3:4:5:6:7:8', '::ffff:10.0.0.1'])('takes %s', (text) =>
    expect(isIpAddress(text)).toBe(true),
  )
})
