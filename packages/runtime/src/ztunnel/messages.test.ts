import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedPacketError } from './errors.ts'
import { decodeAck, decodeHello, encodeAdd, encodeDel, encodeKeep, encodeSnapshotSent } from './messages.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const packet = (text: string): Uint8Array => Buffer.from(text, 'hex')

describe('a request to ztunnel', () => {
  it('says who the workload is', () => {
    const workload = { uid: 'u', name: 'n', namespace: 'ns', serviceAccount: 'sa' }
    expect(hex(encodeAdd(workload))).toBe('0a100a0175120b0a016e12026e731a027361')
  })

  it('leaves an empty name out, and says so that a workload has none', () => {
    expect(hex(encodeAdd({ uid: 'u', name: '', namespace: '', serviceAccount: '' }))).toBe('0a050a01751200')
  })

  it('has a field number of its own for each kind', () => {
    expect([encodeDel('u'), encodeKeep('u'), encodeSnapshotSent()].map(hex)).toEqual([
      '1203120175',
      '2a030a0175',
      '1a00',
    ])
  })

  it('counts a long text in more than one byte', () => {
    expect(hex(encodeDel('x'.repeat(300)).subarray(0, 6))).toBe('12af0212ac02')
  })
})

describe('a hello', () => {
  it.each([
    ['0801', 1],
    ['', 0],
    ['08ffffffff0f', 0xffffffff],
    ['0801100508021a0178', 2],
  ])('%s is version %d', (bytes, version) => {
    expect(decodeHello(packet(bytes))).toBe(version)
  })

  it.each([
    ['08', 'is cut off'],
    ['08ffffffffffffffffffff01', 'has a number of eleven bytes'],
    ['0a0131', 'has a text for a version'],
    ['0b', 'has a group'],
    ['0001', 'has a field 0'],
  ])('%s %s and is malformed', (bytes) => {
    expect(() => decodeHello(packet(bytes))).toThrow(MalformedPacketError)
  })
})

describe('an ack', () => {
  it('is empty when the request was done', () => {
    expect(decodeAck(packet('0a00'))).toBe('')
  })

  it('has the words of a refusal', () => {
    expect(decodeAck(packet('0a060a04626f6f6d'))).toBe('boom')
  })

  it('may have fields of a later version', () => {
    expect(decodeAck(packet('0d010203041101020304050607080a021007'))).toBe('')
  })

  it.each(['', '0801', '0a02', '0a020a05', '0a020801', 'ffffffff'])('%s is malformed', (bytes) => {
    expect(() => decodeAck(packet(bytes))).toThrow(MalformedPacketError)
  })
})

describe('any bytes', () => {
  it('are a message or malformed, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const decode of [decodeHello, decodeAck]) {
          try {
            decode(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedPacketError)
          }
        }
      }),
    )
  })
})
