import { describe, expect, it } from 'vitest'
import { previousResultOf } from './previous-result.ts'
import { resultText } from './result.ts'
import type { CniVersion } from './version.ts'

function printed(previous: object, configured: CniVersion): unknown {
  const text = JSON.stringify(previous)
  return JSON.parse(resultText(previousResultOf(previous, text, configured), configured))
}

const current = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'eth0' }],
  ips: [
    { address: '10.0.0.2/16', gateway: '10.0.0.1', interface: 0 },
    { address: '10.0.0.3/16' },
    { address: 'fd00::2/64' },
  ],
  routes: [
    { dst: '0.0.0.0/0', mtu: 1400 },
    { dst: '::/0', gw: 'fd00::1' },
  ],
  dns: { nameservers: ['10.96.0.10'] },
  vendor: { a: 1 },
}
const listed = {
  ...current,
  cniVersion: '0.4.0',
  ips: [
    { version: '4', address: '10.0.0.2/16', gateway: '10.0.0.1', interface: 0 },
    { version: '4', address: '10.0.0.3/16' },
    { version: '6', address: 'fd00::2/64' },
  ],
}
const legacy = {
  cniVersion: '0.2.0',
  ip4: { ip: '10.0.0.2/16', gateway: '10.0.0.1', routes: [{ dst: '0.0.0.0/0' }] },
  ip6: { ip: 'fd00::2/64', routes: [{ dst: '::/0', gw: 'fd00::1' }] },
  dns: current.dns,
  vendor: { a: 1 },
}

describe('resultText', () => {
  it.each<[string, object, CniVersion, object]>([
    ['1.0.0 in 0.4.0', current, '0.4.0', listed],
    ['0.4.0 in 1.0.0', listed, '1.0.0', current],
    ['1.0.0 in 0.2.0', current, '0.2.0', legacy],
    ['0.4.0 in 0.1.0', listed, '0.1.0', { ...legacy, cniVersion: '0.1.0' }],
  ])('says %s', (_, previous, version, expected) => {
    expect(printed(previous, version)).toEqual(expected)
  })

  it('says 0.2.0 in 0.3.1', () => {
    expect(printed(legacy, '0.3.1')).toEqual({
      cniVersion: '0.3.1',
      ips: [
        { version: '4', address: '10.0.0.2/16', gateway: '10.0.0.1' },
        { version: '6', address: 'fd00::2/64' },
      ],
      routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', gw: 'fd00::1' }],
      dns: current.dns,
      vendor: { a: 1 },
    })
  })

  it.each([
    [
      '{"cniVersion": "1.0.0", "n": 12345678901234567890}',
      '{"cniVersion": "1.1.0", "n": 12345678901234567890}',
    ],
    ['{"n": 12345678901234567890}', '{"cniVersion":"1.1.0","n": 12345678901234567890}'],
    [' {}', '{"cniVersion":"1.1.0"}'],
  ])('changes no more than the version within one shape: %j', (text, expected) => {
    expect(resultText(previousResultOf(JSON.parse(text), text, '1.1.0'), '1.1.0')).toBe(expected)
  })

  it.each<[CniVersion, object]>([
    ['1.1.0', { cniVersion: '1.1.0' }],
    ['0.4.0', { cniVersion: '0.4.0', dns: {} }],
  ])('is empty in version %s when we are the first', (version, expected) => {
    expect(JSON.parse(resultText(undefined, version))).toEqual(expected)
  })

  it('has no way to say in 0.2.0 that there is no address', () => {
    expect(() => printed({ cniVersion: '1.0.0' }, '0.2.0')).toThrow('0.2.0')
  })
})
