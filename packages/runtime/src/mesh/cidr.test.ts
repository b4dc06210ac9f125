import { describe, expect, it } from 'vitest'
import { parseCidr } from './cidr.ts'

describe('parseCidr', () => {
  it.each([
    ['10.0.0.0/8', 4, '10.0.0.0/8'],
    ['10.96.3.7/12', 4, '10.96.0.0/12'],
    ['192.168.255.255/31', 4, '192.168.255.254/31'],
    ['0.0.0.0/0', 4, '0.0.0.0/0'],
    ['1.2.3.4/32', 4, '1.2.3.4/32'],
    ['fd00::1/8', 6, 'fd00::/8'],
    ['FD00:0:0:0:0:0:0:1/128', 6, 'fd00::1/128'],
    ['2001:db8:abcd:ffff::/47', 6, '2001:db8:abcc::/47'],
    ['::/0', 6, '::/0'],
    ['::ffff:10.1.2.3/104', 6, '::ffff:a00:0/104'],
  ])('reads %s', (text, family, canonical) => {
    expect(parseCidr(text)).toMatchObject({ family, text: canonical })
  })

  it.each(['127.0.0.1/32', '127.0.0.0/8', '::1/128'])('knows that %s is a loopback range', (text) => {
    expect(parseCidr(text)?.isLoopback).toBe(true)
  })

  it.each(['10.0.0.0/8', '0.0.0.0/0', '::/0', '::2/128', '1::1/128'])('knows that %s is none', (text) => {
    expect(parseCidr(text)?.isLoopback).toBe(false)
  })

  it.each([
    '',
    '*',
    '10.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8 ',
    ' 10.0.0.0/8',
    '10.0.0/8',
    '010.0.0.0/8',
    '10.0.0.256/8',
    'fd00::/129',
    'fe80::1%eth0/64',
    '::1::/64',
    '10.0.0.0/8/8',
    '10.0.0.0/8\n',
    '/8',
  ])('refuses %j', (text) => {
    expect(parseCidr(text)).toBeUndefined()
  })
})
