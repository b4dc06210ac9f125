/** Reads and writes messages by the text of a .proto file, as far as ours goes: strings, enums and messages. */
import { readFileSync } from 'node:fs'

type FieldOf = Readonly<{ number: number; name: string; type: string }>
export type Message = { readonly [field: string]: string | number | Message }

export class ProtoSchema {
  readonly #messages: ReadonlyMap<string, readonly FieldOf[]>
  readonly enums: ReadonlyMap<string, Readonly<Record<string, number>>>

  constructor(file: URL) {
    const text = readFileSync(file, 'utf8').replaceAll(/\/\/.*$/gm, '')
    const blocks = [...text.matchAll(/^(message|enum) (\w+) \{(.*?)(?:^\}|(?<=\{)\})$/gms)]
    const of = (kind: string) => blocks.filter((block) => block[1] === kind)
    this.enums = new Map(
      of('enum').map(([, , name = '', body = '']) => [
        name,
        Object.fromEntries(
          [...body.matchAll(/(\w+) = (\d+);/g)].map(([, key, value]) => [key, Number(value)]),
        ),
      ]),
    )
    this.#messages = new Map(of('message').map(([, , name = '', body = '']) => [name, fieldsIn(body)]))
  }

  get names(): readonly string[] {
    return [...this.#messages.keys()]
  }

  /** @throws when a field is not in the schema */
  decode(type: string, bytes: Uint8Array): Message {
    const fields = this.#fieldsOf(type)
    const message: Record<string, string | number | Message> = {}
    let rest = bytes
    while (rest.length > 0) {
      const [tag, afterTag] = readNumber(rest)
      const field = fields.find(({ number }) => number === tag >> 3)
      if (field === undefined) throw new Error(`${type} has no field ${tag >> 3}`)
      const [value, after] = readNumber(afterTag)
      const isNumber = this.enums.has(field.type)
      if ((tag & 7) !== (isNumber ? 0 : 2)) throw new Error(`${type}.${field.name} has wire type ${tag & 7}`)
      const content = after.subarray(0, value)
      if (isNumber) message[field.name] = value
      else
        message[field.name] =
          field.type === 'string' ? new TextDecoder().decode(content) : this.decode(field.type, content)
      rest = isNumber ? after : after.subarray(value)
    }
    return message
  }

  encode(type: string, message: Message): Uint8Array {
    return Buffer.concat(
      Object.entries(message).map(([name, value]) => {
        const field = this.#fieldsOf(type).find((candidate) => candidate.name === name)
        if (field === undefined) throw new Error(`${type} has no field ${name}`)
        if (typeof value === 'number')
          return Buffer.from([...numberBytes(field.number << 3), ...numberBytes(value)])
        const content = typeof value === 'string' ? Buffer.from(value) : this.encode(field.type, value)
        return Buffer.from([
          ...numberBytes((field.number << 3) | 2),
          ...numberBytes(content.length),
          ...content,
        ])
      }),
    )
  }

  #fieldsOf(type: string): readonly FieldOf[] {
    const fields = this.#messages.get(type)
    if (fields === undefined) throw new Error(`no message ${type}`)
    return fields
  }
}

const fieldsIn = (body: string): readonly FieldOf[] =>
  [...body.matchAll(/(\w+) (\w+) = (\d+);/g)].map(([, type = '', name = '', number]) => ({
    type,
    name,
    number: Number(number),
  }))

function readNumber(bytes: Uint8Array): readonly [value: number, rest: Uint8Array] {
  const last = bytes.findIndex((byte) => byte < 0x80)
  if (last < 0) throw new Error('a number is cut off')
  const value = bytes.subarray(0, last + 1).reduceRight((sum, byte) => sum * 128 + (byte & 0x7f), 0)
  return [value, bytes.subarray(last + 1)]
}

const numberBytes = (value: number): readonly number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...numberBytes(Math.floor(value / 128))]
