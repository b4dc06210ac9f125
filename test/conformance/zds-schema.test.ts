import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeAck,
  decodeHello,
  encodeAdd,
  encodeDel,
  encodeKeep,
  encodeSnapshotSent,
} from '../../packages/runtime/src/ztunnel/messages.ts'
import { type Message, ProtoSchema } from './proto-schema.ts'

const schema = new ProtoSchema(new URL('../../packages/runtime/src/ztunnel/zds.proto', import.meta.url))

type Recorded = Readonly<Record<'msg' | 'uid' | 'name' | 'namespace' | 'service_account' | 'raw', string>>
const recorded: readonly Recorded[] = readFileSync(new URL('data/zds.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .flatMap((line) => JSON.parse(line).messages ?? [])
  .filter(({ raw }: Partial<Recorded>) => raw !== undefined)

/** As the recording's reader, which is not ours, named the parts. */
const partsOf = ({ msg, uid, name, namespace, service_account }: Recorded): Message => {
  if (msg === 'add') return { add: { uid, workload_info: { name, namespace, service_account } } }
  return msg === 'del' ? { del: { uid } } : { [msg]: {} }
}

describe('zds.proto', () => {
  it('says what the recorded bytes mean', () => {
    expect(new Set(recorded.map(({ msg }) => msg))).toEqual(new Set(['add', 'del', 'snapshot_sent']))
    for (const message of recorded)
      expect(schema.decode('WorkloadRequest', Buffer.from(message.raw, 'hex'))).toEqual(partsOf(message))
    expect(schema.decode('ZdsHello', Buffer.from('0801', 'hex'))).toEqual({
      version: schema.enums.get('Version')?.V1,
    })
  })

  it('says what we send, whatever the names', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(text, text, text, text, (uid, name, namespace, serviceAccount) => {
        const sent = [
          encodeAdd({ uid, name, namespace, serviceAccount }),
          encodeKeep(uid),
          encodeDel(uid),
          encodeSnapshotSent(),
        ].map((bytes) => schema.decode('WorkloadRequest', bytes))
        expect(sent).toEqual([
          { add: { uid, workload_info: { name, namespace, service_account: serviceAccount } } },
          { keep: { uid } },
          { del: { uid } },
          { snapshot_sent: {} },
        ])
      }),
    )
  })

  it('says what we understand', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ unit: 'grapheme' }), (version, error) => {
        expect(decodeHello(schema.encode('ZdsHello', { version }))).toBe(version)
        expect(decodeAck(schema.encode('WorkloadResponse', { ack: { error } }))).toBe(error)
      }),
    )
  })

  it('has no message that nobody sends', () => {
    expect(schema.names).toEqual([
      'ZdsHello',
      'WorkloadInfo',
      'AddWorkload',
      'KeepWorkload',
      'DelWorkload',
      'SnapshotSent',
      'WorkloadRequest',
      'Ack',
      'WorkloadResponse',
    ])
  })
})
