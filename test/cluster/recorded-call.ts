// The request of the original's plugin, written in Go, as it was recorded; replayed for another pod.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly IPs: readonly { readonly Address: { readonly IP: string } }[] | null }
}

export interface CalledPod {
  readonly netns: string
  readonly namespace: string
  readonly name: string
  readonly address: string
}

const recordings = join(import.meta.dirname, '../conformance/data/plugin-protocol.jsonl')

function recordedAdd(): RecordedRequest {
  for (const line of readFileSync(recordings, 'utf8').trim().split('\n')) {
    const { name, requests } = JSON.parse(line) as { name: string; requests?: readonly RecordedRequest[] }
    if (name === 'ambient-agent-says-ok' && requests?.[0] !== undefined) return requests[0]
  }
  throw new Error(`${recordings} has no request of the plugin`)
}

/** Sends the recorded bytes to the agent's socket, with only the names and addresses of the pod put in. */
export async function replayAdd(
  socketPath: string,
  { netns, namespace, name, address }: CalledPod,
): Promise<{ status: number; body: string }> {
  const { method, path, headers, body } = recordedAdd()
  const sent = JSON.stringify({
    ...body,
    Netns: netns,
    PodName: name,
    PodNamespace: namespace,
    IPs: body.IPs?.map((ip) => ({ ...ip, Address: { ...ip.Address, IP: address } })) ?? null,
  })
  const length = { 'content-length': String(Buffer.byteLength(sent)) }
  const call = request({ socketPath, method, path, headers: { ...headers, ...length } })
  call.end(sent)
  const [reply] = (await once(call, 'response')) as [IncomingMessage]
  return { status: reply.statusCode ?? 0, body: await text(reply) }
}
