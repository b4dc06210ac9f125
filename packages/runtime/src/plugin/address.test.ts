import { describe, expect, it } from 'vitest'
import { canonicalAddress, networkOf } from './address.ts'

describe('networkOf', () => {
  it.each([
    ['10.77.0.2/16', '10.77.0.2', '//8AAA==', 4],
    ['10.0.0.1/0', '10.0.0.1', 'AAAAAA==', 4],
    ['10.0.0.1/31', '10.0.0.1', '/////g==', 4],
    ['fd00:77::2/64', 'fd00:77::2', '//////////8AAAAAAAAAAA==', 6],
    ['FD00:0:0:0:0:0:0:1/127', 'fd00::1', '/////////////////////g==', 6],
    ['::ffff:10.0.0.1/112', '10.0.0.1', '//////////////////8AAA==', 4],
  ])('reads %s as Go does', (cidr, ip, mask, family) => {
    expect(networkOf(cidr)).toEqual({ ip, mask, family })
  })

  it.each([
    '',
    '10.0.0.1',
    '10.0.0.999/8',
    '10.0.0.1/33',
    '10.0.0.1/-1',
    '10.0.0.1/ 8',
    '010.0.0.1/8',
    '::1/129',
    'x/8',
  ])('refuses %j', (cidr) => {
    expect(networkOf(cidr)).toBeUndefined()
  })
})

describe('canonicalAddress', () => {
  it.each([
    ['::', '::'],
    ['1::', '1::'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::1.2.3.4', '::102:304'],
  ])('prints %s as %s', (text, expected) => {
    expect(canonicalAddress(text)).toBe(expected)
  })

  it.each([
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'fe80::1%eth0',
    '1.2.3.4::',
  ])('refuses %j', (text) => {
    expect(canonicalAddress(text)).toBeUndefined()
  })
})
