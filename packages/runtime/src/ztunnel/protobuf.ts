import { MalformedPacketError } from './errors.ts'

/** Wire types of protobuf (protobuf.dev, "Encoding"). */
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** A field of a message: the last one of a number wins, as proto3 has it. */
export type Field = Readonly<{ number: number; value: number | Uint8Array }>

/** A message or string field; an empty one is said too. */
export function lengthDelimited(number: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([varint((number << 3) | LENGTH_DELIMITED), varint(content.length), content])
}

/** A string field; proto3 leaves the empty one out. */
export function text(number: number, value: string): Uint8Array {
  return value === '' ? new Uint8Array() : lengthDelimited(number, Buffer.from(value))
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Uint8Array.from([...bytes, rest])
}

/** All fields of a message in order; throws {@link MalformedPacketError}. Varints keep their low 32 bits. */
export function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = []
  let at = 0
  const readVarint = (): number => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) throw new MalformedPacketError('a number is cut off')
      if (shift < 32) value = (value | ((byte & 0x7f) << shift)) >>> 0
      if (byte < 0x80) return value
    }
    throw new MalformedPacketError('a number has more than ten bytes')
  }
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new MalformedPacketError('a field is longer than its message')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = readVarint()
    const number = tag >>> 3
    if (number === 0) throw new MalformedPacketError('a field has the number 0')
    if ((tag & 7) === VARINT) fields.push({ number, value: readVarint() })
    else if ((tag & 7) === LENGTH_DELIMITED) fields.push({ number, value: take(readVarint()) })
    else if ((tag & 7) === FIXED64) take(8)
    else if ((tag & 7) === FIXED32) take(4)
    else throw new MalformedPacketError(`a field has the unknown wire type ${tag & 7}`)
  }
  return fields
}
