import { describe, expect, it } from 'vitest'
import { parseInterfaces, parsePorts, parseRanges, parseRangesOrAll } from './lists.ts'

const list = (item: string, length: number) => Array<string>(length).fill(item).join(',')

describe('parsePorts', () => {
  it.each([
    ['*', 'all'],
    ['', []],
    ['  ', []],
    ['80', [80]],
    ['0', [0]],
    ['65535,1', [65535, 1]],
    [' 9090 , 9091 ', [9090, 9091]],
    ['080', [80]],
    ['80,80', [80, 80]],
  ])('reads %j', (text, value) => {
    expect(parsePorts(text)).toEqual({ value })
  })

  it.each([
    '65536',
    '-1',
    '80,',
    ',80',
    '80,,81',
    '80-90',
    'http',
    '*,80',
    ' *',
    '1e3',
    '0x50',
    '+80',
    '8 0',
    '99999999999',
  ])('refuses %j and says what is allowed', (text) => {
    expect(parsePorts(text)).toEqual({ expected: expect.stringContaining('port numbers from 0 to 65535') })
  })

  it('bounds the number of ports', () => {
    expect(parsePorts(list('80', 1024))).toHaveProperty('value.length', 1024)
    expect(parsePorts(list('80', 1025))).toHaveProperty('expected')
  })
})

describe('parseRanges', () => {
  it('keeps the order and both families', () => {
    expect(parseRanges('fd00::/8,10.0.0.0/8')).toMatchObject({
      value: [{ text: 'fd00::/8' }, { text: '10.0.0.0/8' }],
    })
  })

  it('reads an empty value as none', () => {
    expect(parseRanges('')).toEqual({ value: [] })
  })

  it.each(['*', '10.0.0.0/8,', '10.0.0.0/8, 10.2.0.0/16', 'all', '10.0.0.1'])('refuses %j', (text) => {
    expect(parseRanges(text)).toEqual({ expected: expect.stringContaining('CIDR ranges') })
  })

  it('bounds the number of ranges', () => {
    expect(parseRanges(list('10.0.0.0/8', 1025))).toHaveProperty('expected')
  })
})

describe('parseRangesOrAll', () => {
  it('takes * for every address and offers it in its expectation', () => {
    expect(parseRangesOrAll('*')).toEqual({ value: 'all' })
    expect(parseRangesOrAll('10.0.0.1')).toEqual({ expected: expect.stringMatching(/^"\*" or /) })
  })
})

describe('parseInterfaces', () => {
  it.each([
    ['', []],
    ['net1', ['net1']],
    [' net1 , eth0.100', ['net1', 'eth0.100']],
    ['a23456789012345', ['a23456789012345']],
  ])('reads %j', (text, value) => {
    expect(parseInterfaces(text)).toEqual({ value })
  })

  it.each([
    ' ',
    'net/1',
    'a234567890123456',
    '..',
    'eth0;reboot',
    'a b',
    'net1,',
    'eth+',
    'eth*',
    '1net',
    'e"',
    'e\nx',
    'é0',
  ])('refuses %j', (text) => {
    expect(parseInterfaces(text)).toEqual({ expected: expect.stringContaining('interface names') })
  })

  it('bounds the number of interfaces', () => {
    expect(parseInterfaces(list('net1', 33))).toHaveProperty('expected')
  })
})
