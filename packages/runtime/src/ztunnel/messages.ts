import { MalformedPacketError } from './errors.ts'
import { fieldsOf, lengthDelimited, text } from './protobuf.ts'

/** Who a workload is; the names are those of zds.proto. */
export type WorkloadIdentity = Readonly<{
  uid: string
  name: string
  namespace: string
  serviceAccount: string
}>

/** Numbers of zds.proto. */
const REQUEST = { add: 1, del: 2, snapshotSent: 3, keep: 5 } as const
const ADD = { uid: 1, workloadInfo: 2 } as const
const KEEP = { uid: 1 } as const
const DEL = { uid: 2 } as const
const WORKLOAD_INFO = { name: 1, namespace: 2, serviceAccount: 3 } as const
const HELLO = { version: 1 } as const
const RESPONSE = { ack: 1 } as const
const ACK = { error: 1 } as const

/** Bytes that ztunnel reads at a time (its src/inpod/protocol.rs); a longer packet makes it hang up. */
export const LARGEST_REQUEST = 1024

export function encodeAdd(workload: WorkloadIdentity): Uint8Array {
  const info = Buffer.concat([
    text(WORKLOAD_INFO.name, workload.name),
    text(WORKLOAD_INFO.namespace, workload.namespace),
    text(WORKLOAD_INFO.serviceAccount, workload.serviceAccount),
  ])
  const add = [text(ADD.uid, workload.uid), lengthDelimited(ADD.workloadInfo, info)]
  return lengthDelimited(REQUEST.add, Buffer.concat(add))
}

export function encodeKeep(uid: string): Uint8Array {
  return lengthDelimited(REQUEST.keep, text(KEEP.uid, uid))
}

export function encodeDel(uid: string): Uint8Array {
  return lengthDelimited(REQUEST.del, text(DEL.uid, uid))
}

export function encodeSnapshotSent(): Uint8Array {
  return lengthDelimited(REQUEST.snapshotSent, new Uint8Array())
}

/** @returns the version of the protocol that ztunnel speaks; 0 when it names none. Throws MalformedPacketError. */
export function decodeHello(packet: Uint8Array): number {
  const version = fieldsOf(packet).findLast(({ number }) => number === HELLO.version)?.value ?? 0
  if (typeof version !== 'number') throw new MalformedPacketError('the version of a hello is not a number')
  return version
}

/** @returns ztunnel's error, empty when it did what it was asked. Throws MalformedPacketError. */
export function decodeAck(packet: Uint8Array): string {
  const ack = fieldsOf(packet).findLast(({ number }) => number === RESPONSE.ack)?.value
  if (!(ack instanceof Uint8Array)) throw new MalformedPacketError('an answer without an ack')
  const error = fieldsOf(ack).findLast(({ number }) => number === ACK.error)?.value ?? new Uint8Array()
  if (!(error instanceof Uint8Array)) throw new MalformedPacketError('the error of an ack is not a text')
  return new TextDecoder().decode(error)
}
