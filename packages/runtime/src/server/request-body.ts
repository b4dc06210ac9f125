import type { IncomingMessage } from 'node:http'
import { CNI_ERROR } from '@istio-install-cni/config-schema'
import { CniError } from '../errors.ts'

/** @throws CniError 6 when the body is larger than `limit` bytes or no UTF-8. */
export async function requestBody(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new CniError(CNI_ERROR.undecodable, `the request is larger than ${limit} bytes`)
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    throw new CniError(CNI_ERROR.undecodable, 'the request is no UTF-8', '', cause)
  }
}
