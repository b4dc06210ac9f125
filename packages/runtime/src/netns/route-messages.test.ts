import { describe, expect, it } from 'vitest'
import { parseAddress } from './ip-address.ts'
import { decodeMessages, encodeMessage, type Message, uint32 } from './netlink.ts'
import {
  addressRequest,
  isAddress,
  isLocalRoute,
  isRule,
  localRouteRequest,
  type Request,
  ruleRequest,
} from './route-messages.ts'

const route = { family: 4, mark: 0x539, table: 133 } as const

function sent({ body, attributes }: Request): Message {
  const [message] = decodeMessages(encodeMessage(32, 0, 1, body, attributes))
  if (!message) throw new Error('nothing was encoded')
  return message
}

describe('a routing rule', () => {
  it('is recognised by its mark and its table', () => {
    const message = sent(ruleRequest(route))
    expect(isRule(message, route)).toBe(true)
    expect(isRule(message, { ...route, family: 6 })).toBe(false)
    expect(isRule(message, { ...route, mark: 0x53a })).toBe(false)
    expect(isRule(message, { ...route, table: 134 })).toBe(false)
  })

  it('is another one when it looks at some bits of the mark or at addresses', () => {
    const request = ruleRequest(route)
    const masked = { ...request, attributes: [...request.attributes, { type: 16, value: uint32(0xfff) }] }
    expect(isRule(sent(masked), route)).toBe(false)
    const narrower = Buffer.from(request.body)
    narrower[1] = 32
    expect(isRule(sent({ ...request, body: narrower }), route)).toBe(false)
  })
})

describe('a routing rule for some bits of the mark', () => {
  const ambient = { family: 6, mark: 0x111, mask: 0xfff, priority: 32764, table: 100 } as const

  it('is recognised by these bits and by its place', () => {
    const message = sent(ruleRequest(ambient))
    expect(isRule(message, ambient)).toBe(true)
    expect(isRule(message, { ...ambient, mask: 0xff })).toBe(false)
    expect(isRule(message, { ...ambient, priority: 32765 })).toBe(false)
    expect(isRule(message, { family: 6, mark: 0x111, table: 100 })).toBe(false)
  })

  it('is another one where the whole mark counts', () => {
    const { mask: _, ...whole } = ambient
    expect(isRule(sent(ruleRequest(whole)), ambient)).toBe(false)
  })
})

describe('a local route', () => {
  it('is recognised by its type, device and table', () => {
    const message = sent(localRouteRequest(route))
    expect(isLocalRoute(message, route)).toBe(true)
    expect(isLocalRoute(message, { ...route, table: 255 })).toBe(false)
    expect(isLocalRoute(message, { ...route, family: 6 })).toBe(false)
  })

  it('names a large table in its attribute', () => {
    const large = { ...route, table: 70_000 }
    expect(isLocalRoute(sent(localRouteRequest(large)), large)).toBe(true)
  })
})

describe('an address of lo', () => {
  it('is recognised with its prefix length', () => {
    const message = sent(addressRequest(parseAddress('::6/128')))
    expect(isAddress(message, parseAddress('::6/128'))).toBe(true)
    expect(isAddress(message, parseAddress('0:0::6/128'))).toBe(true)
    expect(isAddress(message, parseAddress('::6/64'))).toBe(false)
    expect(isAddress(message, parseAddress('::7/128'))).toBe(false)
  })

  it.each([
    ['127.0.0.6/32', '7f000006'],
    ['::6/128', '00000000000000000000000000000006'],
    ['fd16:9254:7127:1337:ffff:ffff:ffff:ffff/64', 'fd16925471271337ffffffffffffffff'],
    ['2001:db8::/32', '20010db8000000000000000000000000'],
    ['::ffff:10.0.0.1/128', '00000000000000000000ffff0a000001'],
  ])('%s has the bytes %s', (text, hex) => {
    expect(parseAddress(text).bytes.toString('hex')).toBe(hex)
  })

  it.each(['', '::6', '::6/129', '10.0.0.1/33', '10.0.0/8', '::1%lo/128', '::1/x', '/64'])(
    'is refused when it is %j',
    (text) => {
      expect(() => parseAddress(text)).toThrow('is not an address with a prefix length')
    },
  )
})
